/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "server/access/rules.h"

static bool allow(const char *text, enum right right, const char *actor)
{
    BYTES_AUTO(why);
    struct rules rules;
    cr_assert_eq(rules_parse(view_text(text), &rules, &why), STATUS_OK, "%s", text);
    bool allowed = rules_allow(&rules, right, view_text(actor));
    rules_free(&rules);
    return allowed;
}

Test(rules, none_allow_everything)
{
    cr_expect(allow("", RIGHT_CONTROL, "user_1"));
    cr_expect(allow("  ", RIGHT_READ, ""));
}

Test(rules, a_right_is_given_for_its_pattern_only)
{
    cr_expect(allow("read=user_*", RIGHT_READ, "user_1"));
    cr_expect(!allow("read=user_*", RIGHT_READ, "order_1"));
    cr_expect(!allow("read=user_*", RIGHT_WRITE, "user_1"));
    cr_expect(!allow("read=* write=*", RIGHT_CONTROL, "user_1"));
}

Test(rules, rights_and_patterns_are_joined)
{
    const char *text = "read+write=user_*,order_*  control=user_7";
    cr_expect(allow(text, RIGHT_READ, "order_1") && allow(text, RIGHT_WRITE, "user_2"));
    cr_expect(allow(text, RIGHT_CONTROL, "user_7"));
    cr_expect(!allow(text, RIGHT_CONTROL, "user_77"));
}

Test(rules, names_with_spaces_and_colons_can_be_meant)
{
    cr_expect(allow("read=the?bar:1", RIGHT_READ, "the bar:1"));
}

Test(rules, what_belongs_to_no_actor_takes_a_star)
{
    cr_expect(allow("read=user_*,*", RIGHT_READ, ""));
    cr_expect(!allow("read=user_*", RIGHT_READ, ""));
    cr_expect(!allow("read=?*", RIGHT_READ, ""));
}

Test(rules, an_actor_is_shown_to_whoever_has_any_right)
{
    BYTES_AUTO(why);
    struct rules rules;
    cr_assert_eq(rules_parse(view_text("write=user_*"), &rules, &why), STATUS_OK);
    cr_expect(rules_show(&rules, view_text("user_1")));
    cr_expect(!rules_show(&rules, view_text("order_1")));
    rules_free(&rules);
}

Test(rules, a_name_longer_than_any_actors_is_not_allowed)
{
    char name[300];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    cr_expect(!allow("read=*", RIGHT_READ, name));
}

Test(rules, say_what_is_wrong_with_them)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"read", "a rule is like read=*, not \"read\""},
        {"raed=*", "rights are read, write and control, not \"raed\""},
        {"=*", "rights are read, write and control, not \"\""},
        {"read=", "a rule names patterns of actors, 1 to 128 bytes each, not "
                  "\"read=\""},
        {"read=a,,b", "a rule names patterns of actors, 1 to 128 bytes each, not "
                      "\"read=a,,b\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BYTES_AUTO(why);
        struct rules rules;
        cr_expect_eq(rules_parse(view_text(cases[i].text), &rules, &why),
                     STATUS_INVALID);
        cr_expect(view_equal(view_bytes(&why), view_text(cases[i].said)), "%.*s",
                  (int)why.size, why.data);
        cr_expect_eq(rules.count, 0);
    }
}
