package controller

import com.cloudbees.groovy.cps.Outcome

/** `waitUntil`: its body again and again, after longer and longer pauses, until it answers true. */
class WaitUntil extends Block {
    private static final long serialVersionUID = 1
    private static final long LONGEST = 15_000

    private final Closure body
    private final boolean quiet
    private long pause

    WaitUntil(Strand caller, Closure body, long pause, boolean quiet) {
        super(caller)
        this.body = body
        this.quiet = quiet
        this.pause = Math.max(250, Math.min(pause, LONGEST))
    }

    void begin(Build build) {
        caller.wait = null
        caller.block = this
        build.fork('waitUntil', body, caller.surroundings, this)
    }

    @Override
    void ended(Build build, String name, Outcome outcome) {
        if (outcome.failure) {
            caller.resume(outcome)
        } else if (!(outcome.normal instanceof Boolean)) {
            caller.resume(new Outcome(null, new ClassCastException("body return value ${outcome.normal} is not boolean")))
        } else if (outcome.normal) {
            caller.resume(new Outcome(null, null))
        } else {
            if (!quiet) {
                build.say('Will try again after a while', caller.surroundings)
            }
            caller.block = null
            caller.wait = new Again(Due.after(build, pause), this)
            pause = Math.min((long) (pause * 1.2), LONGEST)
        }
    }
}

/** The pause of a `waitUntil`. */
class Again extends Waiting {
    private static final long serialVersionUID = 1

    final Due due
    private final WaitUntil block

    Again(Due due, WaitUntil block) {
        this.due = due
        this.block = block
    }

    @Override
    Outcome poll(Build build) {
        if (due.reached(build)) {
            block.begin(build)
        }
        null
    }
}
