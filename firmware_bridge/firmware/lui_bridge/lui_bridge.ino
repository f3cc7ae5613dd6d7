// SPDX-License-Identifier: GPL-3.0-or-later
// The Lu.i bridge as an Arduino sketch: open this folder in the Arduino IDE, choose Uno or Nano, and upload.
// Everything is in src/: core/ knows no hardware, avr/ is the ATmega328P.
#include "src/avr/avr.h"

void setup() { avr_start(); }

void loop() { avr_run(); }
