/* SPDX-License-Identifier: Apache-2.0 */
/* verify_command.h - "mfg_gen verify", which QA runs. */
#ifndef VERIFY_COMMAND_H
#define VERIFY_COMMAND_H

/* argv[0] is the word verify. Returns the exit status. */
int verify_command(int argc, char **argv);

#endif
