/* SPDX-License-Identifier: MIT */
/*
 * A program that does nothing, linked statically: what starting it takes is the
 * system's share of a turn.
 */
int main(void)
{
    return 0;
}
