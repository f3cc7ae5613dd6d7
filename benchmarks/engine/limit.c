// SPDX-License-Identifier: GPL-3.0-or-later
// The least that a step and a spike can cost: state update without events, and adding a row of 6-bit weights.
#include <stdint.h>

enum { BLOCK = 64 };

// c: 8 rows of n constants; s: 3 rows of n states. Time is the inner loop: a block stays in the first cache.
void limit_state(int64_t n, int64_t steps, const float *restrict c, float *restrict s) {
  for (int64_t b = 0; b < n; b += BLOCK) {
    float v[BLOCK], e[BLOCK], i[BLOCK];
    for (int j = 0; j < BLOCK; j++) {
      v[j] = s[b + j];
      e[j] = s[n + b + j];
      i[j] = s[2 * n + b + j];
    }
    for (int64_t k = 0; k < steps; k++)
      for (int j = 0; j < BLOCK; j++) {
        const float *p = c + b + j;
        float u = p[0] * v[j] + (p[n] + p[2 * n] * e[j] - p[3 * n] * i[j]);
        float hit = u >= p[6 * n] ? 1.0f : 0.0f; // a blend: compilers make no vector of a choice between loads
        v[j] = (1.0f - hit) * u + hit * p[7 * n];
        e[j] *= p[4 * n];
        i[j] *= p[5 * n];
      }
    for (int j = 0; j < BLOCK; j++) {
      s[b + j] = v[j];
      s[n + b + j] = e[j];
      s[2 * n + b + j] = i[j];
    }
  }
}

void limit_rows(int64_t n, int64_t events, const int32_t *restrict row, const uint8_t *restrict w, uint16_t *restrict sum) {
  for (int64_t k = 0; k < events; k++) {
    const uint8_t *from = w + (int64_t)row[k] * n;
    for (int64_t b = 0; b < n; b += BLOCK)
      for (int j = 0; j < BLOCK; j++)
        sum[b + j] += from[b + j];
  }
}
