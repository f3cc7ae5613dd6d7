// SPDX-License-Identifier: GPL-3.0-or-later
// Constant text that stays in flash: on the chip everything else would be copied to its 2 kB of RAM.
#ifndef FLASH_H
#define FLASH_H
#ifdef __AVR__
#include <avr/pgmspace.h>
#define T(text) PSTR(text)
#else
#define PROGMEM
#define T(text) (text)
#define pgm_read_byte(address) (*(const unsigned char *)(address))
#define pgm_read_dword(address) (*(address))
#define pgm_read_ptr(address) (*(void *const *)(address))
#endif
#endif
