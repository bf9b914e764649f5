package controller

import com.cloudbees.groovy.cps.Outcome
import groovy.transform.CompileStatic

/** A step with bodies, while they run: it is told of the end of each of them and decides how its caller goes on. */
@CompileStatic
abstract class Block implements Serializable {
    private static final long serialVersionUID = 1

    final Strand caller

    Block(Strand caller) {
        this.caller = caller
        caller.block = this
    }

    /** A body ended; `name` is what it was started as. */
    abstract void ended(Build build, String name, Outcome outcome)
}

/** Runs one body in other surroundings, and passes on what comes out. */
@CompileStatic
class Around extends Block {
    private static final long serialVersionUID = 1

    Around(Strand caller) {
        super(caller)
    }

    @Override
    void ended(Build build, String name, Outcome outcome) {
        caller.resume(outcome)
    }
}

/** A stage: `Around` that notes what became of it. */
@CompileStatic
class StageBlock extends Around {
    private static final long serialVersionUID = 1

    StageBlock(Strand caller) {
        super(caller)
    }

    @Override
    void ended(Build build, String name, Outcome outcome) {
        if (outcome.failure) {
            build.stages[name] = Build.resultOf(outcome.abnormal)
        }
        super.ended(build, name, outcome)
    }
}

/** Runs its body again when it fails; an interruption is no failure. */
@CompileStatic
class Retry extends Block {
    private static final long serialVersionUID = 1

    private final Closure body
    private int left

    Retry(Strand caller, Closure body, int count) {
        super(caller)
        this.body = body
        left = count
    }

    void begin(Build build) {
        left--
        build.fork('retry', body, caller.surroundings, this)
    }

    @Override
    void ended(Build build, String name, Outcome outcome) {
        if (outcome.success || left == 0 || outcome.abnormal instanceof FlowInterruptedException) {
            caller.resume(outcome)
        } else {
            build.say("ERROR: ${outcome.abnormal.message}")
            build.say('Retrying')
            begin(build)
        }
    }
}

/** Runs several bodies side by side; the first failure counts, and with `failFast` it ends the others. */
@CompileStatic
class Parallel extends Block {
    private static final long serialVersionUID = 1

    private final boolean failFast
    private final Map<String, Object> results = [:]
    private final Set<String> running
    private Throwable failure

    Parallel(Strand caller, Collection<String> names, boolean failFast) {
        super(caller)
        this.failFast = failFast
        running = new LinkedHashSet<String>(names)
    }

    @Override
    void ended(Build build, String name, Outcome outcome) {
        running.remove(name)
        results[name] = outcome.normal
        if (outcome.failure && failure == null) {
            failure = outcome.abnormal
            if (failFast) {
                build.say("Failed in branch ${name}")
                build.interrupt { Strand strand -> within(strand) }
            }
        }
        if (!running) {
            caller.resume(failure ? new Outcome(null, failure) : new Outcome(results, null))
        }
    }

    private boolean within(Strand strand) {
        for (Block block = strand.parent; block != null; block = block.caller.parent) {
            if (block.is(this)) {
                return true
            }
        }
        false
    }
}
