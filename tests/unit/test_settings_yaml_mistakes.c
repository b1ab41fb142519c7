/* SPDX-License-Identifier: MIT
 *
 * Mistakes in how a configuration is written, and what is said of each; see settings_mistakes. */
#include "settings_case.h"

static const struct mistake of_yaml[] = {
    {"workers:2\n",
     "line 1, column 1: a setting is its name, a colon, a space and a value, as in \"workers: "
     "2\"",
     "the space, as the form shows"},
    {"workers 2\n", "must be names with values, as in \"workers: 2\"",
     "the colon, as the form shows"},
    {"workers = 2\n", "must be names with values, as in \"workers: 2\"",
     "the sign, as the form shows"},
    {"- workers: 2\n", "must be names with values, as in \"workers: 2\", not a list",
     "the dash: it makes a list"},
    {"- a\n"
     "- b\n",
     "must be names with values, as in \"workers: 2\", not a list", "the dashes: they make a list"},
    {"[server]\n"
     "workers = 2\n",
     "line 2, column 1: this does not go on with what is before it: a line there has no colon "
     "and space, or begins in another column; a setting is its name, a colon, a space and a "
     "value, as in \"workers: 2\"",
     "the form of the lines; that [server] has no place is not told"},
    {"workers: 2\n"
     "listen:127.0.0.1:80\n",
     "line 2, column 1: a setting is its name, a colon, a space and a value, as in \"workers: "
     "2\"",
     "the space, in the line that is named"},
    {"workers: 2\n"
     "listen 3\n"
     "engine: redis\n",
     "line 2, column 1: a setting is its name, a colon, a space and a value, as in \"workers: "
     "2\"",
     "the colon, in the line that is named"},
    {"workers 2\n"
     "listen: 1\n",
     "line 2, column 7: a line before this one has no colon and space; a setting is its name, "
     "a colon, a space and a value, as in \"workers: 2\"",
     "the colon, in the line before"},
    {"workers 2\n"
     "# both\n"
     "listen: 1\n",
     "line 3, column 1: this does not go on with what is before it: a line there has no colon "
     "and space, or begins in another column; a setting is its name, a colon, a space and a "
     "value, as in \"workers: 2\"",
     "the colon, in a line before; another column would be told so, too"},
    {"workers: 1\n"
     "  listen: 127.0.0.1:80\n",
     "line 2, column 9: this line is indented further than the one before, so it goes on with "
     "the value there; begin it in the same column",
     "the spaces at the beginning"},
    {" workers: 2\n"
     "listen: 3\n",
     "line 2, column 1: this does not go on with what is before it: a line there has no colon "
     "and space, or begins in another column; a setting is its name, a colon, a space and a "
     "value, as in \"workers: 2\"",
     "the column of a line before; a missing colon would be told so, too"},
    {"apps:\n"
     "  - name: shop\n"
     "      api_key_file: x\n",
     "line 3, column 19: this line is indented further than the one before, so it goes on "
     "with the value there; begin it in the same column",
     "the spaces at the beginning"},
    {"apps:\n"
     "  - name: shop\n"
     "   api_key_file: x\n",
     "line 3, column 4: begin this line in the column of the name above it, or with \"- \" "
     "for one more value of the list",
     "the spaces at the beginning, or the dash"},
    {"apps:\n"
     "- name: shop\n"
     " api_key_file: x\n",
     "line 3, column 2: this line does not begin in the same column as those that belong to it",
     "the spaces at the beginning"},
    {"workers:\n"
     "\t- 1\n",
     "line 2, column 1: a tab is here; YAML takes spaces alone at the beginning of a line",
     "the tab, to spaces"},
    {"workers:\t- 1\n",
     "line 1, column 10: a list does not begin on the line of its name; each of its values is "
     "a line that begins with \"- \"",
     "the place of the dash; that workers takes no list is told next"},
    {"data_dir: C: here\n",
     "line 1, column 12: a second colon is here; a value with a colon and a space in it must "
     "be in quotes",
     "the value, into quotes"},
    {"data_dir: @home\n",
     "line 1, column 11: a value that begins with this character must be in quotes",
     "the value, into quotes"},
    {"data_dir: %x\n",
     "line 1, column 11: a value that begins with this character must be in quotes",
     "the value, into quotes"},
    {"data_dir: &home x\n",
     "line 1, column 11: anchors (&) and tags (!) are not supported; a value that begins with "
     "such a character must be in quotes",
     "the value, into quotes"},
    {"data_dir: \"here\n"
     "workers: 2\n",
     "line 1, column 11: a quote begins here, and nothing ends it",
     "the quote: its place is where it begins"},
    {"data_dir: 'it's here'\n",
     "line 1, column 15: the value ends before this; put all of it in single quotes, "
     "and write a single quote in it twice, as in 'it''s here'",
     "the quote within, and how it is written"},
    {"data_dir: caf\xe9\n", "line 1: must be UTF-8 without control characters",
     "the file's encoding; the line is where the first such byte is"},
    {"trusted_proxies: *\n",
     "line 1, column 19: an unquoted * begins an alias, which is not supported; write the "
     "value in quotes, as in \"*\"",
     "the asterisk, into quotes"},
    {"trusted_proxies: *all\n",
     "line 1, column 18: an unquoted * begins an alias, which is not supported; write the "
     "value in quotes, as in \"*\"",
     "the value, into quotes"},
    {"listen: [::]:8080\n",
     "line 1, column 10: a value that begins with this character must be in quotes, as in "
     "\"[::]:8080\"",
     "the value, into quotes"},
    {"listen: [::1]:8080\n",
     "line 1, column 10: a value that begins with this character must be in quotes, as in "
     "\"[::]:8080\"",
     "the value, into quotes"},
    {"a: [1\n"
     "workers: 2\n",
     "line 1, column 4: the [ here has no ]; write one, or put a value that begins with [ in "
     "quotes",
     "the bracket: its place is where it begins"},
    {"a: {b: 1",
     "line 1, column 4: the { here has no }; write one, or put a value that begins with { in "
     "quotes",
     "the brace: its place is where it begins"},
    {"workers: 1\n"
     "---\n"
     "workers: 2\n",
     "line 2, column 1: a second document begins; only one is allowed",
     "the line of dashes, and what follows"},
};

static void a_mistake_in_yaml_is_told_so_that_it_can_be_mended(void **state)
{
    (void)state;

    settings_mistakes_told(of_yaml, ARRAY_COUNT(of_yaml));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTINGS_TEST(a_mistake_in_yaml_is_told_so_that_it_can_be_mended),
    };

    return cmocka_run_group_tests(tests, settings_case_open, settings_case_close);
}
