/* SPDX-License-Identifier: Apache-2.0 */
#include "scep_hold.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "certferry/scep.h"
#include "command.h"

/* An item that rests as soon as it is watched is not decided all the same when it waits for its
 * time or is at work on another node, of which nothing tells: then there is a pause. */
enum { EARLY_MS = 20, PAUSE_MIN_MS = 10, PAUSE_MAX_MS = 250, LOOK_LINE_MAX = 4096 };

struct hold {
    struct cf_daemon *daemon;
    struct cf_line_call *call;
    struct cf_command_hold command;
    struct cf_loop_source *timer;
    struct cf_buf *answer; /* as things stand */
    int64_t until_ms;      /* monotonic; 0: nothing was held yet */
    int64_t watched_ms;    /* monotonic: since when it was watched */
    int64_t pause_ms;      /* the last one */
    bool is_early;         /* it rested as soon as it was watched */
    bool is_watching;
    atomic_bool is_posted; /* on_rested is on its way to the loop */
    bool is_over;          /* freed by the post that is on its way */
};

static void look_again(void *arg);

static int64_t
now_ms(void)
{
    return cf_clock_monotonic_ms(cf_clock_real());
}

static void
free_hold(struct hold *hold)
{
    cf_loop_source_free(hold->timer);
    cf_buf_free(hold->answer);
    free(hold);
}

static void on_rested(void *arg);

/* On any thread. Without memory for the post the timer ends the wait. */
static void
rest(void *arg)
{
    struct hold *hold = arg;

    atomic_store(&hold->is_posted, true);
    if (cf_loop_post(hold->daemon->loop, on_rested, hold, NULL) != CF_OK)
        atomic_store(&hold->is_posted, false);
}

/* After it `rest` is not running and is not called. */
static void
stop_waiting(struct hold *hold)
{
    if (hold->is_watching)
        cf_scep_unwatch(hold->daemon->scheduler, rest, hold);
    hold->is_watching = false;
    hold->timer = cf_loop_source_free(hold->timer);
}

static void
answer_and_end(struct hold *hold, struct cf_buf *take_answer)
{
    struct cf_line_call *call = hold->call;

    stop_waiting(hold);
    (void)cf_line_on_gone(call, NULL, NULL);
    if (atomic_load(&hold->is_posted))
        hold->is_over = true;
    else
        free_hold(hold);
    cf_line_answer(call, take_answer);
}

static void
on_gone(void *arg)
{
    answer_and_end(arg, NULL);
}

static void
on_rested(void *arg)
{
    struct hold *hold = arg;

    atomic_store(&hold->is_posted, false);
    hold->is_early = now_ms() - hold->watched_ms < EARLY_MS;
    if (hold->is_over)
        free_hold(hold);
    else
        look_again(hold);
}

static int64_t
next_pause(struct hold *hold, int64_t left_ms)
{
    hold->is_early = false;
    hold->pause_ms = hold->pause_ms > 0 ? 2 * hold->pause_ms : PAUSE_MIN_MS;
    if (hold->pause_ms > PAUSE_MAX_MS)
        hold->pause_ms = PAUSE_MAX_MS;
    return hold->pause_ms < left_ms ? hold->pause_ms : left_ms;
}

/* Back on the loop's thread with an answer that says `working`. */
static void
wait_on(void *arg)
{
    struct hold *hold = arg;

    if (hold->until_ms == 0)
        hold->until_ms = now_ms() + (int64_t)hold->command.wait_ms;
    int64_t left_ms = hold->until_ms - now_ms();
    if (left_ms <= 0 || !cf_line_on_gone(hold->call, on_gone, hold) ||
        cf_loop_new_timer(hold->daemon->loop, look_again, hold, &hold->timer, NULL) != CF_OK) {
        answer_and_end(hold, cf_give(hold->answer));
        return;
    }
    hold->watched_ms = now_ms();
    if (!hold->is_early)
        hold->is_watching = cf_scep_watch(hold->daemon->scheduler, hold->command.item_id, rest,
                                          hold, NULL) == CF_OK;
    cf_loop_timer_arm(hold->timer,
                      (uint64_t)(hold->is_watching ? left_ms : next_pause(hold, left_ms)));
}

static bool
is_to_be_held(const struct hold *hold)
{
    return hold->answer && hold->command.context[0] != '\0' && hold->command.wait_ms > 0 &&
           (hold->until_ms == 0 || hold->until_ms > now_ms());
}

/* On a worker: the hold is its own until it posts or answers. */
static void
finish_command(struct hold *hold)
{
    struct cf_line_call *call = hold->call;

    if (is_to_be_held(hold) && cf_loop_post(hold->daemon->loop, wait_on, hold, NULL) == CF_OK)
        return;
    struct cf_buf *answer = cf_give(hold->answer);
    free_hold(hold);
    cf_line_answer(call, answer);
}

static void
run_first(void *arg)
{
    struct hold *hold = arg;

    (void)!cf_command_answer(hold->daemon, &cf_scep_commands, cf_line_request(hold->call),
                             cf_line_who(hold->call), &hold->command, &hold->answer, NULL);
    finish_command(hold);
}

static enum cf_rc
write_look(const struct hold *hold, struct cf_buf *line, struct cf_err *err)
{
    struct cf_json_writer out;

    cf_json_writer_begin(&out, line);
    cf_json_put_object(&out, NULL);
    cf_json_put_string(&out, "command", "look");
    cf_json_put_string(&out, "context", hold->command.context);
    cf_json_put_int(&out, "waitSeconds", CF_SCEP_WAIT_MAX_S);
    cf_json_put_object_end(&out);
    return cf_json_writer_end(&out, err);
}

/* An answer that cannot be made leaves the last one, which says to look again. */
static void
run_look(void *arg)
{
    struct hold *hold = arg;
    cf_own(cf_buf) line = cf_buf_new(LOOK_LINE_MAX);
    struct cf_command_hold command = {0};
    struct cf_buf *answer = NULL;

    if (line && write_look(hold, line, NULL) == CF_OK &&
        cf_command_answer(hold->daemon, &cf_scep_commands, cf_buf_bytes(line),
                          cf_line_who(hold->call), &command, &answer, NULL) == CF_OK) {
        cf_buf_free(hold->answer);
        hold->answer = answer;
        hold->command = command;
    }
    finish_command(hold);
}

/* The hold goes to a worker: no post and no callback may still know it. */
static void
look_again(void *arg)
{
    struct hold *hold = arg;

    stop_waiting(hold);
    if (atomic_load(&hold->is_posted))
        return; /* on_rested comes back to here */
    (void)cf_line_on_gone(hold->call, NULL, NULL);
    if (cf_pool_submit(hold->daemon->pool, CF_LANE_IO, CF_PRIO_HIGH, run_look, hold, NULL) != CF_OK)
        answer_and_end(hold, cf_give(hold->answer));
}

void
cf_scep_hold_start(struct cf_daemon *daemon, struct cf_line_call *call)
{
    struct hold *hold = calloc(1, sizeof *hold);

    if (hold) {
        hold->daemon = daemon;
        hold->call = call;
        if (cf_pool_submit(daemon->pool, CF_LANE_IO, CF_PRIO_HIGH, run_first, hold, NULL) == CF_OK)
            return;
    }
    free(hold);
    cf_line_answer(call, NULL);
}
