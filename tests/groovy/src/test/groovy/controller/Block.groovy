package controller

import com.cloudbees.groovy.cps.Outcome
import groovy.transform.CompileStatic
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

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

    /** When it wants to be told of the time. */
    Due getDue() {
        null
    }

    /** That time has come. */
    void expire(Build build) {
    }
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
        if (outcome.failure && build.stages[name] != 'SKIPPED') {
            build.stages[name] = Build.resultOf(outcome.abnormal)
        }
        super.ended(build, name, outcome)
    }
}

/** Runs its body again when it fails, or when it fails in one of the ways that are named. */
@CompileStatic
class Retry extends Block {
    private static final long serialVersionUID = 1

    private final Closure body
    private final List<Map> conditions
    private int left

    Retry(Strand caller, Closure body, int count, List<Map> conditions) {
        super(caller)
        this.body = body
        this.conditions = conditions ?: new ArrayList<Map>()
        left = count
    }

    void begin(Build build) {
        build.fork('retry', body, caller.surroundings, this)
    }

    @Override
    void ended(Build build, String name, Outcome outcome) {
        left--
        if (outcome.success || left <= 0 || !matches(outcome.abnormal)) {
            caller.resume(outcome)
        } else {
            build.tell(outcome.abnormal, caller.surroundings)
            build.say('Retrying', caller.surroundings)
            begin(build)
        }
    }

    /** Without conditions an interruption is no failure; with conditions only they count. */
    private boolean matches(Throwable failure) {
        if (!conditions) {
            return !(failure instanceof FlowInterruptedException && ((FlowInterruptedException) failure).actual)
        }
        conditions.any { Map condition ->
            switch (condition.symbol) {
                case 'agent': return Agents.lost(failure)
                case 'kubernetesAgent':
                    return Agents.lost(failure) && (condition.handleNonKubernetes || caller.surroundings.pod != null)
                default: return false // nothing here is a step that cannot be resumed
            }
        }
    }
}

/** Runs several bodies side by side; the worst failure counts, and with `failFast` the first ends the others. */
@CompileStatic
class Parallel extends Block {
    private static final long serialVersionUID = 1

    private final boolean failFast
    private final Map<String, Object> results = [:]
    private final List<Throwable> failures = []
    private final Set<String> running

    Parallel(Strand caller, Collection<String> names, boolean failFast) {
        super(caller)
        this.failFast = failFast
        running = new LinkedHashSet<String>(names)
    }

    @Override
    void ended(Build build, String name, Outcome outcome) {
        running.remove(name)
        results[name] = outcome.normal
        if (outcome.failure) {
            failures << outcome.abnormal
            if (failFast && failures.size() == 1) {
                build.say("Failed in branch ${name}", caller.surroundings)
                build.interrupt('Failed in branch ' + name) { Strand strand -> strand.isWithin(this) }
            }
        }
        if (!running) {
            caller.resume(failures ? new Outcome(null, worst()) : new Outcome(results, null))
        }
    }

    /** An interruption is the least; of several, the one with the worse result counts. */
    private Throwable worst() {
        failures.sort(false) { Throwable failure ->
            failure instanceof FlowInterruptedException ? 100 - Build.WORSE.indexOf(((FlowInterruptedException) failure).result) :
                failure instanceof AbortException ? 1 : 0
        }.first()
    }
}
