package controller

import com.cloudbees.groovy.cps.Outcome
import groovy.transform.CompileStatic
import groovy.transform.TupleConstructor

/** What a strand waits for; written out with the program as everything else. */
@CompileStatic
abstract class Waiting implements Serializable {
    private static final long serialVersionUID = 1

    /** How the strand goes on; nothing while it has to wait. */
    abstract Outcome poll(Build build)

    /** When it has to be asked again; nothing where time alone changes nothing. */
    Due getDue() {
        null
    }

    /** The strand goes on without it. */
    void interrupted(Build build) {
    }
}

/** A moment: on the build's clock, and in reality, for processes run in reality. */
@CompileStatic
class Due implements Serializable {
    private static final long serialVersionUID = 1

    final long at
    private final long really

    Due(long at, long really) {
        this.at = at
        this.really = really
    }

    static Due after(Build build, long milliseconds) {
        new Due(build.now + milliseconds, System.nanoTime() + milliseconds * 1_000_000)
    }

    /** Whether it has come; where it came in reality, the build's clock goes on as far. */
    boolean reached(Build build) {
        if (System.nanoTime() >= really) {
            build.now = Math.max(build.now, at)
        }
        build.now >= at
    }
}

/** `sleep`. */
@CompileStatic
@TupleConstructor
class Nap extends Waiting {
    private static final long serialVersionUID = 1

    final Due due

    @Override
    Outcome poll(Build build) {
        due.reached(build) ? new Outcome(null, null) : null
    }
}

/** `sh`: a process on the agent. */
@CompileStatic
@TupleConstructor
class Running extends Waiting {
    private static final long serialVersionUID = 1

    final Long process
    final Surroundings surroundings

    @Override
    Outcome poll(Build build) {
        build.processes.isRunning(process) ? null : build.processes.end(process, build, surroundings)
    }

    @Override
    void interrupted(Build build) {
        build.processes.terminate(process, ['TERM', 'KILL'])
        build.processes.end(process, build, surroundings)
    }
}
