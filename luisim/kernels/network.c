/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The steps of luisim/kernels/network.py in C. That file is the reference: same operations in the same order, same names, and a
 * test asks for the same bits. Compile without contraction to fused multiply-adds (-ffp-contract=off), or the last bits differ.
 * Choices inside a loop over neurons are written as arithmetic, so that the compiler can do several neurons at once.
 */

#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, LANES = 8, MOST = 4096 }; /* neurons in a loop; spikes worked on at once; those that may wait for it */
enum { IN_SUM16 = 0, IN_LATE16 = 2, IN_SUM = 4, IN_LATE = 6, IN_NOW = 8, IN_NEXT = 10 }; /* of used */
/* 1040 weights of 63, and 16 of 63 times 64, are the most that 16 bit hold */
enum { FULL = 1040, FULL_LATE = 16, PARTS = 64, ROWS_AT_ONCE = 4 };

#define INLINE static inline __attribute__((always_inline))

/* the same fields, in the same order, as in network.py */
typedef struct {
    int64_t n, step, stop, events, next_event, slots, capacity, spikes, most_spikes, watched, start, uses, plain, seed;
    double delay, dt, knot;
    const uint8_t *weights;
    const int8_t *sign;
    const int64_t *targets_from, *targets;
    const int64_t *event_step;
    const int32_t *event_line;
    const float *event_part;
    int32_t *ring_line;
    float *ring_part;
    int64_t *ring_count;
    const float *utilization, *recovery;
    float *resource;
    double *last;
    uint16_t *sum16, *late16;
    int32_t *sum, *late;
    float *now, *next;
    int64_t *used; /* how much is in each, for both signs: IN_SUM16, ... */
    int64_t *spike_step;
    int32_t *spike_neuron;
    float *spike_part;
    const int64_t *watch;
    float *trace;
    const float *parameters;
    float *state;
    int32_t *flag;
    const double *clock;
    const float *noise, *jitter, *zeros;
    float *knots;
} Network;

/* tanh as x P(x^2) / Q(x^2), fitted to have the least greatest error up to 8, which is 3e-6 */
INLINE float ratio_tanh(float x)
{
    float a = x < -8.0f ? -8.0f : x;
    a = a > 8.0f ? 8.0f : a;
    float s = a * a;
    float p = 1.0f + s * (0.12194006f + s * (2.1797114e-3f + s * 3.4790923e-6f));
    float q = 1.0f + s * (0.45525755f + s * (2.0619209e-2f + s * 1.318403e-4f));
    return a * p / q;
}

/* (exp(x) - 1) / x for |x| <= 0.5 */
INLINE float phi(float x)
{
    return 1.0f + x * (0.5f + x * (1.6666667e-1f + x * (4.1666667e-2f + x * (8.3333333e-3f + x * 1.3888889e-3f))));
}

/* exp(-x) for x >= 0, as the square of a square ... of a short series */
INLINE float squared_exp(float x)
{
    float y = x < 16.0f ? x * 0.03125f : 0.5f;
    float e = 1.0f - y * phi(-y);
    e = e * e, e = e * e, e = e * e, e = e * e;
    return e * e;
}

/* what is in 16 bit to where there is room */
INLINE void make_room(int64_t n, uint16_t *restrict small, int32_t *restrict large, int32_t unit)
{
    for (int64_t j = 0; j < n; j++)
        large[j] += (int32_t)small[j] * unit;
    memset(small, 0, (size_t)n * sizeof *small);
}

/* lines of one sign whose weights are about to be added */
typedef struct {
    int64_t count;
    const uint8_t *weights[ROWS_AT_ONCE];
    uint16_t late[ROWS_AT_ONCE];
} Batch;

INLINE void add_rows(
    int64_t n, uint16_t *restrict sum, const uint8_t *restrict a, const uint8_t *restrict b, const uint8_t *restrict c,
    const uint8_t *restrict d)
{
    for (int64_t j = 0; j < n; j++)
        sum[j] = (uint16_t)(sum[j] + (uint8_t)(a[j] + b[j] + c[j] + d[j]));
}

INLINE void add_row(int64_t n, uint16_t *restrict sum, const uint8_t *restrict w)
{
    for (int64_t j = 0; j < n; j++)
        sum[j] = (uint16_t)(sum[j] + w[j]);
}

INLINE void add_part(int64_t n, uint16_t *restrict late, const uint8_t *restrict w, uint16_t q)
{
    for (int64_t j = 0; j < n; j++)
        late[j] = (uint16_t)(late[j] + q * w[j]);
}

INLINE void add_parts(
    int64_t n, uint16_t *restrict late, const uint8_t *restrict a, const uint8_t *restrict b, const uint8_t *restrict c,
    const uint8_t *restrict d, const uint16_t q[ROWS_AT_ONCE])
{
    const uint16_t qa = q[0], qb = q[1], qc = q[2], qd = q[3];
    for (int64_t j = 0; j < n; j++)
        late[j] = (uint16_t)(late[j] + (qa * a[j] + qb * b[j]) + (qc * c[j] + qd * d[j]));
}

/* weights count in 64ths: those of the part of a step that is over by then count at the next step */
INLINE void add(Network *net, int64_t sign, Batch *batch)
{
    const int64_t n = net->n, count = batch->count;
    int64_t *used = net->used + sign;
    uint16_t *sum = net->sum16 + sign * n, *late = net->late16 + sign * n;
    const uint8_t *const *w = batch->weights;
    batch->count = 0;
    if (used[IN_SUM16] + count > FULL) {
        make_room(n, sum, net->sum + sign * n, PARTS);
        used[IN_SUM] = 1, used[IN_SUM16] = 0;
    }
    used[IN_SUM16] += count;
    if (count == ROWS_AT_ONCE)
        add_rows(n, sum, w[0], w[1], w[2], w[3]);
    else
        for (int64_t k = 0; k < count; k++)
            add_row(n, sum, w[k]);
    int any = 0;
    for (int64_t k = 0; k < count; k++)
        any |= batch->late[k];
    if (!any)
        return;
    if (used[IN_LATE16] + count > FULL_LATE) {
        make_room(n, late, net->late + sign * n, 1);
        used[IN_LATE] = 1, used[IN_LATE16] = 0;
    }
    used[IN_LATE16] += count;
    if (count == ROWS_AT_ONCE)
        add_parts(n, late, w[0], w[1], w[2], w[3], batch->late);
    else
        for (int64_t k = 0; k < count; k++)
            add_part(n, late, w[k], batch->late[k]);
}

/* an event on a `line` after `part` of the step */
INLINE void deliver(Network *net, int32_t line, float part, Batch batches[2])
{
    const int64_t n = net->n, sign = net->sign[line] < 0;
    const uint8_t *restrict w = net->weights + line * n;
    float amount = 1.0f;
    if (net->utilization) {
        double at = (double)net->step + (double)part;
        float x = (float)(at - net->last[line]) / net->recovery[line];
        float e = squared_exp(x);
        float r = net->resource[line];
        amount = 1.0f - (1.0f - r) * e;
        net->resource[line] = amount - net->utilization[line] * amount;
        net->last[line] = at;
    }
    if (amount != 1.0f) {
        float early = (1.0f - part) * amount, late = part * amount;
        float *restrict now = net->now + sign * n, *restrict next = net->next + sign * n;
        for (int64_t j = 0; j < n; j++) {
            float x = (float)w[j];
            now[j] += x * early;
            next[j] += x * late;
        }
        net->used[IN_NOW + sign] = net->used[IN_NEXT + sign] = 1;
        return;
    }
    Batch *batch = batches + sign;
    batch->weights[batch->count] = w;
    batch->late[batch->count++] = (uint16_t)(part * (float)PARTS + 0.5f);
    if (batch->count == ROWS_AT_ONCE)
        add(net, sign, batch);
}

/* adds up what arrives at the start of the step */
INLINE void arrivals(Network *net)
{
    const int64_t slot = net->step % net->slots, count = net->ring_count[slot];
    Batch batches[2] = {{0}, {0}};
    int64_t next = net->next_event;
    while (next < net->events && net->event_step[next] == net->step)
        next++;
    for (int64_t m = -count; m < next - net->next_event; m++) {
        int64_t place = m < 0 ? slot * net->capacity + m + count : net->next_event + m;
        deliver(net, m < 0 ? net->ring_line[place] : net->event_line[place],
                m < 0 ? net->ring_part[place] : net->event_part[place], batches);
    }
    net->ring_count[slot] = 0;
    net->next_event = next;
    for (int64_t s = 0; s < 2; s++)
        if (batches[s].count)
            add(net, s, batches + s);
}

INLINE void absorb_whole(int64_t size, float *restrict x, const float *restrict unit, uint16_t *restrict sum16)
{
    for (int64_t j = 0; j < size; j++)
        x[j] += (float)sum16[j] * unit[j];
    memset(sum16, 0, (size_t)size * sizeof *sum16);
}

INLINE void absorb_parts(
    int64_t size, float *restrict x, const float *restrict unit, uint16_t *restrict sum16, uint16_t *restrict late16,
    int32_t *restrict sum, int32_t *restrict late)
{
    for (int64_t j = 0; j < size; j++) {
        int32_t rest = late[j] + (int32_t)late16[j];
        int32_t whole = sum[j] + PARTS * (int32_t)sum16[j] - rest;
        x[j] += (float)whole * (1.0f / PARTS) * unit[j];
        sum[j] = rest;
    }
    memset(sum16, 0, (size_t)size * sizeof *sum16);
    memset(late16, 0, (size_t)size * sizeof *late16);
}

INLINE void absorb_weakened(
    int64_t size, float *restrict x, const float *restrict unit, float *restrict now, float *restrict next)
{
    for (int64_t j = 0; j < size; j++)
        x[j] += now[j] * unit[j];
    memcpy(now, next, (size_t)size * sizeof *now);
    memset(next, 0, (size_t)size * sizeof *next);
}

/* moves the lines of `size` neurons from number b on by it */
INLINE void absorb(Network *net, int64_t b, int64_t size, float *const line[2], const float *const scale[2])
{
    for (int64_t s = 0; s < 2; s++) {
        const int64_t from = s * net->n + b, *used = net->used + s;
        float *x = line[s] + b;
        const float *unit = scale[s] + b;
        if (used[IN_NOW] || used[IN_NEXT])
            absorb_weakened(size, x, unit, net->now + from, net->next + from);
        if (used[IN_LATE16] || used[IN_SUM] || used[IN_LATE]) {
            absorb_parts(size, x, unit, net->sum16 + from, net->late16 + from, net->sum + from, net->late + from);
            if (used[IN_LATE])
                memset(net->late + from, 0, (size_t)size * sizeof *net->late);
        } else if (used[IN_SUM16]) {
            absorb_whole(size, x, unit, net->sum16 + from);
        }
    }
}

/* what is in after all have absorbed */
INLINE void absorbed(Network *net)
{
    for (int64_t s = 0; s < 2; s++) {
        int64_t *used = net->used + s;
        used[IN_SUM] = used[IN_LATE16] || used[IN_LATE];
        used[IN_NOW] = used[IN_NEXT];
        used[IN_SUM16] = used[IN_LATE16] = used[IN_LATE] = used[IN_NEXT] = 0;
    }
}

/* the numbers of flagged neurons behind the `count` that are there; their new count */
INLINE int64_t collect(int64_t from, const uint8_t *flag, int32_t *list, int64_t count)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    /* the product moves the lowest bits of 8 bytes into its highest byte */
    uint64_t mask = 0, eight;
    for (int64_t j = 0; j < BLOCK; j += 8) {
        memcpy(&eight, flag + j, 8);
        mask |= (eight * 0x0102040810204080u >> 56) << j;
    }
    for (; mask; mask &= mask - 1)
        list[count++] = (int32_t)(from + __builtin_ctzll(mask));
#else
    for (int64_t j = 0; j < BLOCK; j++) {
        list[count] = (int32_t)(from + j);
        count += flag[j];
    }
#endif
    return count;
}

INLINE void fire(Network *net, int64_t j, float part)
{
    net->spike_step[net->spikes] = net->step;
    net->spike_neuron[net->spikes] = (int32_t)j;
    net->spike_part[net->spikes++] = part;
    float at = part + (float)net->delay;
    int64_t whole = (int64_t)at, slot = (net->step + whole) % net->slots;
    float rest = at - (float)whole;
    for (int64_t m = net->targets_from[j]; m < net->targets_from[j + 1]; m++) {
        int64_t place = slot * net->capacity + net->ring_count[slot]++;
        net->ring_line[place] = (int32_t)net->targets[m];
        net->ring_part[place] = rest;
    }
}

INLINE void watch(Network *net)
{
    float *row = net->trace + (net->step - net->start) * net->watched;
    for (int64_t m = 0; m < net->watched; m++)
        row[m] = net->state[net->watch[m]];
}

/* ------------------------------------------------------------------------------------------------------------------- Lif */

enum { PM, EK, KE, KI, PE, PI, E, TH, VR, T_REF, HM, HE, HI, AE, AI, CE, CI, U, IU, C3, SE, SI, HU, LIF };
enum { LIF_V, LIF_IE, LIF_II, LIF_REM, LIF_ROWS };

/* narrow flags make the compiler work on more neurons at once, which pays where a step is long */
typedef struct {
    int32_t wide[BLOCK];
    uint8_t narrow[BLOCK];
} Flags;

/* `size` neurons a step on as if nothing happened in it; where something does */
INLINE int32_t lif_block(
    int saturates, int64_t size, float *restrict v, float *restrict ie, float *restrict ii, float *restrict rem,
    float *restrict old, Flags *restrict flag, const float *const *p, int64_t b)
{
    const float *restrict pm = p[PM] + b, *restrict ek = p[EK] + b, *restrict ke = p[KE] + b, *restrict ki = p[KI] + b;
    const float *restrict pe = p[PE] + b, *restrict pi = p[PI] + b, *restrict th = p[TH] + b, *restrict e = p[E] + b;
    const float *restrict hm = p[HM] + b, *restrict ae = p[AE] + b, *restrict ai = p[AI] + b, *restrict ce = p[CE] + b;
    const float *restrict ci = p[CI] + b, *restrict hu = p[HU] + b, *restrict iu = p[IU] + b, *restrict c3 = p[C3] + b;
    int32_t any = 0;
    for (int64_t j = 0; j < size; j++) {
        float v0 = v[j], left = rem[j], v1;
        if (saturates) {
            float t = ratio_tanh((e[j] - v0) * iu[j]);
            float z = hm[j] * (t * t - 1.0f);
            float f = hu[j] * t + (ae[j] * ie[j] - ai[j] * ii[j]);
            float early = z * (ce[j] * ie[j] - ci[j] * ii[j]);
            v1 = v0 + (f * (1.0f + z * (0.5f + z * (1.6666667e-1f + z * 4.1666667e-2f) + t * (f * c3[j]))) + early);
        } else {
            v1 = pm[j] * v0 + (ek[j] + ke[j] * ie[j] - ki[j] * ii[j]);
        }
        int32_t held = -(int32_t)(left > 0.0f), freed = -(int32_t)(left < 1.0f), up = -(int32_t)(v1 >= th[j]);
        int32_t here = (held & freed) | (~held & up);
        if (saturates)
            flag->narrow[j] = (uint8_t)(here & 1);
        else
            flag->wide[j] = here;
        any |= here;
        float hold = left > 0.0f ? 1.0f : 0.0f;
        v[j] = (1.0f - hold) * v1 + hold * v0;
        old[j] = v0;
        rem[j] = left - 1.0f;
        ie[j] *= pe[j];
        ii[j] *= pi[j];
    }
    return any;
}

/* the step of `count` neurons that are released or fire inside it; `old`: their potentials at its start */
INLINE void lif_inside(
    int saturates, Network *net, const float *const *p, float *const *state, const int32_t *list, const float *old, int64_t count)
{
    float q[LIF][LANES], s[LIF_ROWS][LANES], before[LANES], after[LANES], part[LANES], rest[LANES];
    int32_t fires[LANES];
    for (int64_t m = 0; m < count; m += LANES) {
        const int64_t size = count - m < LANES ? count - m : LANES;
        for (int64_t k = 0; k < LANES; k++) {
            const int64_t from = m + (k < size ? k : 0), j = list[from];
            before[k] = old[from];
            for (int row = 0; row < LIF_ROWS; row++)
                s[row][k] = state[row][j];
            static const int for_all[] = {E, TH, VR, T_REF, HM, HE, HI}, for_ota[] = {U, IU, C3};
            for (int row = 0; row < 7; row++)
                q[for_all[row]][k] = p[for_all[row]][j];
            for (int row = 0; row < 3 && saturates; row++)
                q[for_ota[row]][k] = p[for_ota[row]][j];
        }
        for (int64_t k = 0; k < LANES; k++) {
            float left = s[LIF_REM][k] + 1.0f, hm = q[HM][k], he = q[HE][k], hi = q[HI][k], e = q[E][k];
            float ie = s[LIF_IE][k], ii = s[LIF_II][k], ie0 = ie * (1.0f + he * phi(he)), ii0 = ii * (1.0f + hi * phi(hi));
            int freed = left > 0.0f;
            float from = freed ? left : 0.0f, h = freed ? 1.0f - left : 1.0f, v0 = freed ? q[VR][k] : before[k];
            float xe = -(left * he), xi = -(left * hi);
            float fe = ie0 * (1.0f + xe * phi(xe)), fi = ii0 * (1.0f + xi * phi(xi));
            ie0 = freed ? fe : ie0;
            ii0 = freed ? fi : ii0;
            float arriving = phi(-(h * he)) * ie0 - phi(-(h * hi)) * ii0, v1, hs = h * hm;
            if (saturates) {
                float t = ratio_tanh((e - v0) * q[IU][k]);
                float z = -(hs * (1.0f - t * t));
                float f = hs * (q[U][k] * t + arriving);
                v1 = v0 + f * (phi(z) + z * t * (f * q[C3][k]));
            } else {
                v1 = v0 + hs * ((e - v0) + arriving) * phi(-hs);
            }
            v1 = freed ? v1 : s[LIF_V][k];
            /* a cubic through both ends with their slopes; Newton from the chord */
            float l0 = e - v0, l1 = e - v1;
            if (saturates) {
                l0 = q[U][k] * ratio_tanh(l0 * q[IU][k]);
                l1 = q[U][k] * ratio_tanh(l1 * q[IU][k]);
            }
            float d0 = hs * (l0 + ie0 - ii0), d1 = hs * (l1 + ie - ii);
            float c2 = 3.0f * (v1 - v0) - 2.0f * d0 - d1, c3 = 2.0f * (v0 - v1) + d0 + d1, g = v0 - q[TH][k];
            float x = -g / (v1 - v0);
            x = v1 > v0 ? x : 1.0f;
            x = x - (g + x * (d0 + x * (c2 + x * c3))) / (d0 + x * (2.0f * c2 + 3.0f * x * c3));
            x = x - (g + x * (d0 + x * (c2 + x * c3))) / (d0 + x * (2.0f * c2 + 3.0f * x * c3));
            x = x - (g + x * (d0 + x * (c2 + x * c3))) / (d0 + x * (2.0f * c2 + 3.0f * x * c3));
            x = x >= 0.0f ? x : 0.0f;
            x = x > 1.0f ? 1.0f : x;
            int up = v1 >= q[TH][k];
            part[k] = from + x * h;
            after[k] = up ? q[VR][k] : v1;
            rest[k] = up ? q[T_REF][k] - (1.0f - part[k]) : s[LIF_REM][k];
            fires[k] = up;
        }
        for (int64_t k = 0; k < size; k++) {
            const int64_t j = list[m + k];
            state[LIF_V][j] = after[k];
            state[LIF_REM][j] = rest[k];
            if (fires[k])
                fire(net, j, part[k]);
        }
    }
}

INLINE void lif_run(int saturates, Network *net)
{
    const int64_t n = net->n;
    const float *p[LIF];
    float *state[LIF_ROWS], old[BLOCK], those[MOST + 8];
    int32_t list[MOST + 8];
    Flags flag;
    for (int k = 0; k < LIF; k++)
        p[k] = net->parameters + k * n;
    for (int k = 0; k < LIF_ROWS; k++)
        state[k] = net->state + k * n;
    float *const line[2] = {state[LIF_IE], state[LIF_II]};
    const float *const scale[2] = {p[SE], p[SI]};
    for (; net->step < net->stop && net->spikes + n <= net->most_spikes; net->step++) {
        int64_t count = 0;
        arrivals(net);
        absorb(net, 0, n, line, scale);
        for (int64_t b = 0; b < n; b += BLOCK) {
            const int64_t size = n - b < BLOCK ? n - b : BLOCK;
            int32_t any;
            if (size == BLOCK) {
                any = lif_block(saturates, BLOCK, state[0] + b, state[1] + b, state[2] + b, state[3] + b, old, &flag, p, b);
            } else {
                memset(&flag, 0, sizeof flag);
                any = lif_block(saturates, size, state[0] + b, state[1] + b, state[2] + b, state[3] + b, old, &flag, p, b);
            }
            if (!any)
                continue;
            if (!saturates)
                for (int64_t j = 0; j < BLOCK; j++)
                    flag.narrow[j] = (uint8_t)(flag.wide[j] & 1);
            const int64_t first = count;
            count = collect(b, flag.narrow, list, count);
            for (int64_t m = first; m < count; m++)
                those[m] = old[list[m] - b];
            if (count > MOST - BLOCK) {
                lif_inside(saturates, net, p, state, list, those, count);
                count = 0;
            }
        }
        absorbed(net);
        lif_inside(saturates, net, p, state, list, those, count);
        watch(net);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ Adex */

/* natural logarithm of a positive normal number: its exponent, and the series of the inverse tanh for the rest */
INLINE float series_log(float x)
{
    union {
        float f;
        uint32_t u;
    } bits = {x};
    int32_t e = (int32_t)(bits.u - 0x3f3504f3u) >> 23;
    bits.u -= (uint32_t)e << 23;
    float s = (bits.f - 1.0f) / (bits.f + 1.0f), z = s * s;
    float p = 2.0f + z * (0.66666667f + z * (0.4f + z * (0.28571429f + z * (0.22222222f + z * 0.18181818f))));
    return (float)e * 0.69314718f + s * p;
}

/* (1 - exp(-x)) / x for |x| <= 1.2 */
INLINE float wide_phi(float x)
{
    float p = 1.9841270e-4f - x * 2.4801587e-5f;
    p = 1.6666667e-1f - x * (4.1666667e-2f - x * (8.3333333e-3f - x * (1.3888889e-3f - x * p)));
    return 1.0f - x * (0.5f - x * p);
}

enum { GL, EL, VT, DELTA, I, KC, A, KW, EW, UP, HDC, HGC, A_VR, UR, B, A_T_REF, ADEX };

/* u = exp(-(v - v_t) / delta_t) obeys a linear equation if all but the exponential current, r, is held at its middle */
INLINE int32_t adex_block(
    int64_t size, float *restrict u, float *restrict v, float *restrict w, float *restrict rem, float *restrict uo,
    float *restrict vo, float *restrict wo, int32_t *restrict flag, const float *restrict gl, const float *restrict el,
    const float *restrict vt, const float *restrict delta, const float *restrict current, const float *restrict kc,
    const float *restrict a, const float *restrict kw, const float *restrict ew, const float *restrict up,
    const float *restrict hdc, const float *restrict hgc)
{
    int32_t any = 0;
    for (int64_t j = 0; j < size; j++) {
        float u0 = u[j], v0 = v[j], w0 = w[j], left = rem[j], hold = left > 0.0f ? 1.0f : 0.0f, fr = 1.0f - hold;
        float r0 = current[j] - w0 - gl[j] * (v0 - el[j]);
        float dv = (gl[j] * delta[j] / u0 + r0) * kc[j] * 0.5f * fr;
        dv = dv < delta[j] ? dv : delta[j];
        float dw = (a[j] * (v0 - el[j]) - w0) * kw[j] * 0.5f;
        float z = (r0 - gl[j] * dv - dw) * hdc[j], f = wide_phi(z);
        float u1 = u0 * (1.0f - z * f) - hgc[j] * f;
        int32_t held = -(int32_t)(left > 0.0f), freed = -(int32_t)(left < 1.0f), fires = -(int32_t)(u1 <= up[j]);
        int32_t here = (held & freed) | (~held & fires);
        flag[j] = here;
        any |= here;
        float us = u1 > up[j] ? u1 : up[j];
        us = hold * u0 + fr * us;
        float goal = a[j] * (v0 + dv - el[j]);
        uo[j] = u0, vo[j] = v0, wo[j] = w0;
        u[j] = us;
        v[j] = vt[j] - delta[j] * series_log(us);
        w[j] = goal + (w0 - goal) * ew[j];
        rem[j] = left - 1.0f;
    }
    return any;
}

/* exp(-x) for a part x of a step in time constants of w */
INLINE float decay(float x) { return 1.0f - x * (1.0f - x * 0.5f); }

INLINE void adex_inside(Network *net, const float *const *c, float *const *s, int64_t j)
{
    float *u = s[0], *v = s[1], *w = s[2], *rem = s[3];
    float left = rem[j] + 1.0f, from = 0.0f, h = 1.0f, u0 = s[4][j], v0 = s[5][j], w0 = s[6][j];
    if (left > 0.0f) {
        from = left, h = 1.0f - left, u0 = c[UR][j], v0 = c[A_VR][j];
        float goal = c[A][j] * (v0 - c[EL][j]);
        w0 = goal + (w0 - goal) * decay(left * c[KW][j]);
    }
    float r0 = c[I][j] - w0 - c[GL][j] * (v0 - c[EL][j]);
    float dv = (c[GL][j] * c[DELTA][j] / u0 + r0) * c[KC][j] * h * 0.5f;
    dv = dv < c[DELTA][j] ? dv : c[DELTA][j];
    float r = r0 - c[GL][j] * dv - (c[A][j] * (v0 - c[EL][j]) - w0) * c[KW][j] * h * 0.5f;
    float z = r * c[HDC][j] * h, f = wide_phi(z);
    float u1 = u0 * (1.0f - z * f) - c[HGC][j] * h * f;
    float goal = c[A][j] * (v0 + dv - c[EL][j]);
    if (u1 > c[UP][j]) {
        u[j] = u1;
        v[j] = c[VT][j] - c[DELTA][j] * series_log(u1);
        w[j] = goal + (w0 - goal) * decay(h * c[KW][j]);
        return;
    }
    /* when u has fallen to its value at v_peak, in closed form */
    float y = r * (u0 - c[UP][j]) / (r * c[UP][j] + c[GL][j] * c[DELTA][j]);
    float l = y > -1e-2f && y < 1e-2f ? y * (1.0f - y * (0.5f - y * (0.33333333f - y * 0.25f))) : series_log(1.0f + y);
    float x = l / (r * c[HDC][j]);
    if (!(x >= 0.0f))
        x = 0.0f;
    if (x > h)
        x = h;
    float part = from + x, rest = 1.0f - part;
    w0 = goal + (w0 - goal) * decay(x * c[KW][j]) + c[B][j];
    goal = c[A][j] * (c[A_VR][j] - c[EL][j]);
    w[j] = goal + (w0 - goal) * decay(rest * c[KW][j]);
    u[j] = c[UR][j];
    v[j] = c[A_VR][j];
    rem[j] = c[A_T_REF][j] - rest;
    fire(net, j, part);
}

INLINE void adex_run(Network *net)
{
    const int64_t n = net->n;
    const float *c[ADEX];
    float *s[7];
    for (int k = 0; k < ADEX; k++)
        c[k] = net->parameters + k * n;
    /* v is first in the state, for all kinds of neurons */
    static const int order[7] = {1, 0, 2, 3, 4, 5, 6};
    for (int k = 0; k < 7; k++)
        s[k] = net->state + order[k] * n;
    for (; net->step < net->stop && net->spikes + n <= net->most_spikes; net->step++) {
        for (int64_t b = 0; b < n; b += BLOCK) {
            int64_t end = b + BLOCK < n ? b + BLOCK : n;
            int32_t any = adex_block(end - b, s[0] + b, s[1] + b, s[2] + b, s[3] + b, s[4] + b, s[5] + b, s[6] + b,
                                     net->flag + b, c[GL] + b, c[EL] + b, c[VT] + b, c[DELTA] + b, c[I] + b, c[KC] + b, c[A] + b,
                                     c[KW] + b, c[EW] + b, c[UP] + b, c[HDC] + b, c[HGC] + b);
            if (any)
                for (int64_t j = b; j < end; j++)
                    if (net->flag[j])
                        adex_inside(net, c, s, j);
        }
        watch(net);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ chip */

enum {
    E_LEAK, IU_LEAK, K_LEAK, E_RESET, IU_RESET, K_RESET, V_TH, I_WIDTH, DELAY, K_CONSTANT,
    P_EXC, A_EXC, H_EXC, K_EXC, O_EXC, IV_EXC, COBA_EXC, R_EXC, IC_EXC,
    P_INH, A_INH, H_INH, K_INH, O_INH, IV_INH, COBA_INH, R_INH, IC_INH,
    K_EXP, L_EXP, IS_EXP, PAUSE, K_OUT, W_REF, IU_W, V_A, G_A, G_B, H_W, N_RESET, N_REFRACTORY, N_PULSE, S_EXC, S_INH, CHIP
};
enum { V, EXC, INH, W, X, RESET_LEFT, REFRACTORY_LEFT, PULSE_LEFT, ROWS };
enum { USES_EXC = 1, USES_INH = 2, USES_EXP = 4, USES_W = 8 };

static const float MOST_SLOPE = 0.25f, MOST_BEND = 3e-6f; /* of a step: more is cut into halves; the second in V */
static const float NEAR = 3.0f, SHORT = 0.125f; /* of the comparator's width; so short are pieces there, as V counts as straight */

/* a synaptic input's current and slope; `q` is its first parameter */
INLINE void chip_input(
    int64_t size, const float *const *p, int64_t b, int q, const float *restrict line, const float *restrict v, float h, int whole,
    float *restrict current, float *restrict slope)
{
    const float *average = p[q + 1] + b, *rate = p[q + 2] + b, *k = p[q + 3] + b, *offset = p[q + 4] + b, *iv = p[q + 5] + b;
    const float *coba = p[q + 6] + b, *reversal = p[q + 7] + b, *ic = p[q + 8] + b;
    for (int64_t j = 0; j < size; j++) {
        float a = whole ? average[j] : phi(-(h * rate[j]));
        float drive = k[j] * ratio_tanh((line[j] * a + offset[j]) * iv[j]);
        float away = ratio_tanh((reversal[j] - v[j]) * ic[j]);
        current[j] += drive * (1.0f - coba[j] + coba[j] * away);
        slope[j] -= drive * coba[j] * ic[j] * (1.0f - away * away);
    }
}

/* `size` neurons from number b on, `h` of a step later, with nothing happening in between; true in `rough`: h is too long */
INLINE void chip_solve(
    int64_t size, int uses, const float *const *p, int64_t b, float s[ROWS][BLOCK], float h, int whole, float n[4][BLOCK],
    int32_t *restrict rough)
{
    float current[BLOCK], slope[BLOCK], bend[BLOCK];
    for (int64_t j = 0; j < size; j++) {
        float m = s[RESET_LEFT][j] > 0.0f ? 1.0f : 0.0f, o = 1.0f - m;
        float iu = o * p[IU_LEAK][b + j] + m * p[IU_RESET][b + j];
        float t = ratio_tanh((o * p[E_LEAK][b + j] + m * p[E_RESET][b + j] - s[V][j]) * iu);
        float k = o * p[K_LEAK][b + j] + m * p[K_RESET][b + j];
        current[j] = k * t + p[K_CONSTANT][b + j];
        slope[j] = k * iu * (t * t - 1.0f);
        bend[j] = 2.0f * t * iu * slope[j];
    }
    if (uses & USES_EXC)
        chip_input(size, p, b, P_EXC, s[EXC], s[V], h, whole, current, slope);
    if (uses & USES_INH)
        chip_input(size, p, b, P_INH, s[INH], s[V], h, whole, current, slope);
    if (uses & USES_EXP)
        for (int64_t j = 0; j < size; j++) {
            float open = 1.0f - p[PAUSE][b + j] * (s[REFRACTORY_LEFT][j] > 0.0f ? 1.0f : 0.0f);
            float drive = p[L_EXP][b + j] + s[V][j] * p[IS_EXP][b + j];
            float e = squared_exp(drive < 0.0f ? -drive : drive), part = (drive < 0.0f ? e : 1.0f) / (1.0f + e);
            float i = open * p[K_EXP][b + j] * part, di = i * (1.0f - part) * p[IS_EXP][b + j];
            current[j] += i;
            slope[j] += di;
            bend[j] += di * (1.0f - 2.0f * part) * p[IS_EXP][b + j];
        }
    if (uses & USES_W)
        for (int64_t j = 0; j < size; j++) {
            float pulse = s[PULSE_LEFT][j] > 0.0f ? 1.0f : 0.0f, x = 0.5f * h * p[H_W][b + j];
            float goal = p[W_REF][b + j] + p[G_A][b + j] * ratio_tanh((s[V][j] - p[V_A][b + j]) * p[IU_W][b + j]) + p[G_B][b + j] * pulse;
            float half = goal + (s[W][j] - goal) * (1.0f - x * phi(-x));
            current[j] -= p[K_OUT][b + j] * ratio_tanh((half - p[W_REF][b + j]) * p[IU_W][b + j]);
        }
    for (int64_t j = 0; j < size; j++) {
        float z = slope[j] * h, f = current[j] * h, c = bend[j] * h * f * 1.6666667e-1f, d = f * c;
        n[V][j] = s[V][j] + f * (phi(z) + c);
        float az = z < 0.0f ? -z : z, ad = d < 0.0f ? -d : d;
        rough[j] = -(int32_t)(az > MOST_SLOPE) | -(int32_t)(ad > MOST_BEND);
        float xe = -(h * p[H_EXC][b + j]), xi = -(h * p[H_INH][b + j]);
        n[EXC][j] = s[EXC][j] * (whole ? p[P_EXC][b + j] : 1.0f + xe * phi(xe));
        n[INH][j] = s[INH][j] * (whole ? p[P_INH][b + j] : 1.0f + xi * phi(xi));
        n[W][j] = s[W][j];
    }
    if (uses & USES_W)
        for (int64_t j = 0; j < size; j++) {
            float pulse = s[PULSE_LEFT][j] > 0.0f ? 1.0f : 0.0f, x = h * p[H_W][b + j], middle = 0.5f * (s[V][j] + n[V][j]);
            float goal = p[W_REF][b + j] + p[G_A][b + j] * ratio_tanh((middle - p[V_A][b + j]) * p[IU_W][b + j]) + p[G_B][b + j] * pulse;
            n[W][j] = goal + (s[W][j] - goal) * (1.0f - x * phi(-x));
        }
}

INLINE float log_cosh(float u)
{
    float a = u < 0.0f ? -u : u;
    return a + series_log(1.0f + squared_exp(2.0f * a)) - 0.69314718f;
}

/* the comparator over a piece in which V moves on a straight line: its output, or -1 and in `q` the part where it fires */
INLINE float comparator(float x, float u0, float u1, float h, float delay, float *q)
{
    float d = u1 - u0, after;
    if (d < 1e-3f && d > -1e-3f) {
        after = x + h * ratio_tanh(u1) / delay;
        *q = (1.0f - x) / (after - x);
        if (after >= 1.0f)
            return -1.0f;
        return after > 0.0f ? after : 0.0f;
    }
    float r = h / (d * delay), g0 = log_cosh(u0), g1 = log_cosh(u1), top;
    if (u0 < 0.0f && u1 > 0.0f) {
        x = x - r * g0;
        x = x > 0.0f ? x : 0.0f;
        g0 = 0.0f;
        top = after = x + r * g1;
    } else if (u0 > 0.0f && u1 < 0.0f) {
        top = x - r * g0;
        after = top + r * g1;
    } else {
        top = after = x + r * (g1 - g0);
    }
    if (!(top >= 1.0f))
        return after > 0.0f ? after : 0.0f;
    float g = g0 + (1.0f - x) / r;
    g = g > 0.0f ? g : 0.0f;
    float root = 1.0f - squared_exp(2.0f * g);
    float u = g + series_log(1.0f + __builtin_sqrtf(root > 0.0f ? root : 0.0f));
    *q = (u - u0) / d;
    return -1.0f;
}

/* steps from `here` (in steps) until `count` clocks after the next tick */
INLINE float clocks(const Network *net, int64_t j, double here, float count)
{
    double clock = net->clock[j], tick = __builtin_ceil(here * net->dt / clock - 1e-6) * clock;
    return (float)((tick + (double)count * clock) / net->dt - here);
}

/* the step of one neuron in pieces that end at what happens inside it */
INLINE void chip_inside(Network *net, const float *const *p, float *const *state, int64_t j, float v_th)
{
    float s[ROWS][BLOCK], n[4][BLOCK], t = 0.0f;
    int32_t rough;
    const int uses = (int)net->uses;
    for (int k = 0; k < ROWS; k++)
        s[k][0] = state[k][j];
    while (t < 0.999999f) {
        float h = 1.0f - t;
        for (int k = RESET_LEFT; k < ROWS; k++)
            h = s[k][0] > 0.0f && s[k][0] < h ? s[k][0] : h;
        chip_solve(1, uses, p, j, s, h, 0, n, &rough);
        for (int k = 0; k < 6 && rough; k++) {
            h = h * 0.5f;
            chip_solve(1, uses, p, j, s, h, 0, n, &rough);
        }
        float x = 0.0f, q = 0.0f, u0 = (s[V][0] - v_th) * p[I_WIDTH][j], u1 = (n[V][0] - v_th) * p[I_WIDTH][j];
        int listens = !(s[REFRACTORY_LEFT][0] > 0.0f);
        if (listens && h > SHORT && (u0 < NEAR || u1 < NEAR) && (u0 > -NEAR || u1 > -NEAR)) {
            h = SHORT;
            chip_solve(1, uses, p, j, s, h, 0, n, &rough);
            u1 = (n[V][0] - v_th) * p[I_WIDTH][j];
        }
        if (listens)
            x = comparator(s[X][0], u0, u1, h, p[DELAY][j], &q);
        if (x < 0.0f) {
            q = q > 0.0f ? q : 0.0f;
            q = q < 1.0f ? q : 1.0f;
            h = h * q;
            chip_solve(1, uses, p, j, s, h, 0, n, &rough);
        }
        t = t + h;
        for (int k = V; k <= W; k++)
            s[k][0] = n[k][0];
        for (int k = RESET_LEFT; k < ROWS; k++)
            s[k][0] = s[k][0] - h;
        s[X][0] = x;
        if (x < 0.0f) {
            s[X][0] = 0.0f;
            fire(net, j, t);
            double here = (double)net->step + (double)t;
            s[RESET_LEFT][0] = clocks(net, j, here, p[N_RESET][j]);
            s[REFRACTORY_LEFT][0] = clocks(net, j, here, p[N_REFRACTORY][j]);
            s[PULSE_LEFT][0] = clocks(net, j, here, p[N_PULSE][j]);
        }
    }
    for (int k = 0; k < ROWS; k++)
        state[k][j] = s[k][0];
}

INLINE uint32_t mixed(uint32_t x)
{
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

/* normal numbers of a seed and a time, times `jitter`: luisim/kernels/noise.py */
INLINE void draw(int64_t n, int64_t seed, int64_t time, const float *restrict jitter, float *restrict out)
{
    uint32_t start = mixed((uint32_t)seed);
    start = mixed(start ^ (uint32_t)((uint64_t)seed >> 32));
    start = mixed(start ^ (uint32_t)time);
    start = mixed(start ^ (uint32_t)((uint64_t)time >> 32));
    for (int64_t j = 0; j < n; j++) {
        uint32_t a = mixed(start + 2 * (uint32_t)j), b = mixed(start + 2 * (uint32_t)j + 1), even = 0x00ff00ffu;
        uint32_t four = (a & even) + ((a >> 8) & even) + (b & even) + ((b >> 8) & even);
        int32_t total = (int32_t)((four & 0xffffu) + (four >> 16)) - 1020;
        out[j] = (float)total * 4.784196e-3f * jitter[j];
    }
}

INLINE void chip_run(Network *net)
{
    const int64_t count = net->n;
    const int uses = (int)net->uses;
    const float *p[CHIP];
    float *state[ROWS];
    for (int k = 0; k < CHIP; k++)
        p[k] = net->parameters + k * count;
    for (int k = 0; k < ROWS; k++)
        state[k] = net->state + k * count;
    float *const line[2] = {state[EXC], state[INH]};
    const float *const scale[2] = {p[S_EXC], p[S_INH]};
    int64_t drawn = -1;
    for (; net->step < net->stop && net->spikes + count <= net->most_spikes; net->step++) {
        arrivals(net);
        double knots = ((double)net->step + 0.5) * net->dt / net->knot;
        int64_t knot = (int64_t)knots;
        float between = (float)(knots - (double)knot);
        if (net->jitter && knot != drawn) {
            draw(count, net->seed, knot, net->jitter, net->knots);
            draw(count, net->seed, knot + 1, net->jitter, net->knots + count);
            drawn = knot;
        }
        const float *shift0 = net->noise ? net->noise + knot * count : net->jitter ? net->knots : net->zeros;
        const float *shift1 = net->noise || net->jitter ? shift0 + count : net->zeros;
        for (int64_t b = 0; b < count; b += BLOCK) {
            int64_t size = b + BLOCK < count ? BLOCK : count - b;
            float s[ROWS][BLOCK], n[4][BLOCK], v_th[BLOCK];
            int32_t flag[BLOCK], any = 0;
            absorb(net, b, size, line, scale);
            for (int k = 0; k < ROWS; k++)
                memcpy(s[k], state[k] + b, (size_t)size * sizeof(float));
            if (size == BLOCK)
                chip_solve(BLOCK, uses, p, b, s, 1.0f, 1, n, flag);
            else
                chip_solve(size, uses, p, b, s, 1.0f, 1, n, flag);
            for (int64_t j = 0; j < size; j++) {
                v_th[j] = p[V_TH][b + j] + (shift0[b + j] + (shift1[b + j] - shift0[b + j]) * between);
                int32_t refractory = -(int32_t)(s[REFRACTORY_LEFT][j] > 0.0f);
                int32_t over = -(int32_t)(s[X][j] > 0.0f) | -(int32_t)(n[V][j] > v_th[j]);
                int32_t ends = 0;
                for (int k = RESET_LEFT; k < ROWS; k++)
                    ends |= -(int32_t)(s[k][j] > 0.0f) & -(int32_t)(s[k][j] < 1.0f);
                flag[j] |= ends | (~refractory & over);
                any |= flag[j];
            }
            for (int k = V; k <= W; k++)
                if (!any)
                    memcpy(state[k] + b, n[k], (size_t)size * sizeof(float));
                else
                    for (int64_t j = 0; j < size; j++)
                        if (!flag[j])
                            state[k][b + j] = n[k][j];
            for (int k = RESET_LEFT; k < ROWS; k++)
                for (int64_t j = 0; j < size; j++)
                    state[k][b + j] -= flag[j] ? 0.0f : 1.0f;
            if (any)
                for (int64_t j = 0; j < size; j++)
                    if (flag[j])
                        chip_inside(net, p, state, b + j, v_th[j]);
        }
        absorbed(net);
        watch(net);
    }
}

/* -------------------------------------------------------------------------------------------------------------- processors */

/* each loop twice, for any processor and for those with AVX2: the same operations on more neurons at once, so the same bits */
#if defined(__x86_64__)
#define KERNEL(name, run)                                                                                                  \
    __attribute__((target("avx2"))) static void name##_avx2(Network *net) { run; }                                         \
    static void name##_any(Network *net) { run; }                                                                          \
    void name(Network *net) { net->plain || !__builtin_cpu_supports("avx2") ? name##_any(net) : name##_avx2(net); }
#else
#define KERNEL(name, run)                                                                                                  \
    void name(Network *net) { run; }
#endif

KERNEL(network_lif, lif_run(0, net))
KERNEL(network_lif_ota, lif_run(1, net))
KERNEL(network_adex, adex_run(net))
KERNEL(network_chip, chip_run(net))

/* trains of equal intervals: luisim/kernels/alone.py */
void network_alone(
    int64_t n, const int64_t *neuron, const double *first, const double *every, const int64_t *count, int32_t *whose, double *time)
{
    for (int64_t j = 0, at = 0; j < n; at += count[j++])
        for (int64_t k = 0; k < count[j]; k++) {
            whose[at + k] = (int32_t)neuron[j];
            time[at + k] = (double)k * every[j] + first[j];
        }
}

int64_t network_size(void) { return sizeof(Network); }
