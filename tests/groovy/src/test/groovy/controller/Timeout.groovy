package controller

import com.cloudbees.groovy.cps.Outcome
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** `timeout`: its body is interrupted when the time is over; if it goes on for a minute more, again. */
class Timeout extends Block {
    private static final long serialVersionUID = 1
    private static final long GRACE = 60_000

    final int id
    private final long length
    private final boolean activity
    private Due due
    private boolean expired = false

    Timeout(Strand caller, int id, long length, boolean activity) {
        super(caller)
        this.id = id
        this.length = length
        this.activity = activity
    }

    void begin(Build build, Closure body) {
        long minutes = length.intdiv(60_000)
        build.say("Timeout set to expire ${activity ? 'after' : 'in'} ${minutes} min ${(length % 60_000).intdiv(1000)} sec" +
            (activity ? ' without activity' : ''), caller.surroundings)
        due = Due.after(build, length)
        build.fork('timeout', body, caller.surroundings, this)
    }

    @Override
    Due getDue() {
        due
    }

    /** Something was logged within. */
    void touch(Build build) {
        if (activity && !expired) {
            due = Due.after(build, length)
        }
    }

    @Override
    void expire(Build build) {
        build.say(expired ? 'Body did not finish within grace period; terminating with extreme prejudice' :
            'Cancelling nested steps due to timeout', caller.surroundings)
        due = expired ? null : Due.after(build, GRACE)
        expired = true
        build.interrupt('Timeout has been exceeded', [origin: id]) { Strand strand -> strand.isWithin(this) }
    }

    @Override
    void ended(Build build, String name, Outcome outcome) {
        if (outcome.abnormal instanceof FlowInterruptedException && outcome.abnormal.origin == id) {
            outcome.abnormal.actual = false
        }
        caller.resume(outcome)
    }
}
