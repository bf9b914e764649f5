package controller

import com.cloudbees.groovy.cps.Outcome
import groovy.json.JsonException
import java.util.concurrent.TimeUnit
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** Steps that say what runs, in which order, and what becomes of a failure. */
class FlowSteps {
    static final Set<String> UNITS = TimeUnit.values()*.name() as Set
    /** What the declarative interpreter calls the stages of its own. */
    private static final String OWN = 'Declarative: '
    private static final Set<String> RESULTS = Build.WORSE as Set

    static final Map<String, Map> TABLE = [
        catchError: [takes: [message: String, buildResult: RESULTS, stageResult: RESULTS, catchInterruptions: Boolean],
            body: true, does: { Build build, Strand strand, Map given ->
                begin(build, strand, given, new CatchError(strand, [buildResult: 'FAILURE', stageResult: 'SUCCESS'] + given))
            }],
        echo: [takes: [message: String], needs: ['message'], does: { Build build, Strand strand, Map given ->
            build.say(given.message, strand.surroundings)
        }],
        error: [takes: [message: String], needs: ['message'], does: { Build build, Strand strand, Map given ->
            throw new AbortException(given.message)
        }],
        library: [takes: [identifier: String, retriever: Kinds.RETRIEVER, changelog: Boolean], needs: ['identifier'],
            does: FlowSteps.&nothing],
        libraryResource: [takes: [resource: String, encoding: String], needs: ['resource'],
            does: { Build build, Strand strand, Map given ->
                build.answer(strand, build.resource(given.resource))
            }],
        parallel: [does: FlowSteps.&parallel],
        readJSON: [takes: [file: String, text: String, returnPojo: Boolean], does: FlowSteps.&readJson],
        retry: [takes: [count: Integer, conditions: [Kinds.CONDITION]], needs: ['count'], body: true,
            does: { Build build, Strand strand, Map given ->
                new Retry(strand, given.body, given.count, given.conditions).begin(build)
            }],
        script: [takes: [:], body: true, does: FlowSteps.&around],
        sleep: [takes: [time: Long, unit: UNITS], needs: ['time'], does: { Build build, Strand strand, Map given ->
            long length = TimeUnit.valueOf(given.unit ?: 'SECONDS').toMillis(given.time ?: 0)
            build.naps << (length.intdiv(1000) as int)
            strand.wait = new Nap(Due.after(build, length))
        }],
        stage: [takes: [name: String], needs: ['name'], body: true, does: FlowSteps.&stage],
        timeout: [takes: [time: Integer, unit: UNITS, activity: Boolean], needs: ['time'], body: true,
            does: { Build build, Strand strand, Map given ->
                long length = TimeUnit.valueOf(given.unit ?: 'MINUTES').toMillis(given.time ?: 0)
                new Timeout(strand, build.nextNumber(), length, given.activity ?: false).begin(build, given.body)
            }],
        timestamps: [takes: [:], body: true, does: FlowSteps.&around],
        unstable: [takes: [message: String], needs: ['message'], does: { Build build, Strand strand, Map given ->
            build.say("WARNING: ${given.message}", strand.surroundings)
            build.mark(strand.surroundings, 'UNSTABLE')
            build.worsen('UNSTABLE')
        }],
        waitUntil: [takes: [initialRecurrencePeriod: Long, quiet: Boolean], body: true,
            does: { Build build, Strand strand, Map given ->
                new WaitUntil(strand, given.body, given.initialRecurrencePeriod ?: 250, given.quiet ?: false).begin(build)
            }],
        warnError: [takes: [message: String, catchInterruptions: Boolean], needs: ['message'], body: true,
            does: { Build build, Strand strand, Map given ->
                begin(build, strand, given, new CatchError(strand, given + [buildResult: 'UNSTABLE', stageResult: 'UNSTABLE']))
            }],
        withEnv: [takes: [overrides: [String]], needs: ['overrides'], body: true, does: FlowSteps.&withEnvironment],
    ]

    static void begin(Build build, Strand strand, Map given, Block block) {
        build.fork('body', given.body, strand.surroundings, block)
    }

    private static void around(Build build, Strand strand, Map given) {
        begin(build, strand, given, new Around(strand))
    }

    private static void nothing(Build build, Strand strand, Map given) {
        build.answer(strand, given)
    }

    private static void readJson(Build build, Strand strand, Map given) {
        if (!given.returnPojo) {
            throw new IllegalArgumentException('readJSON without returnPojo answers JSONObject, which cannot be kept')
        }
        if ((given.file == null) == (given.text == null)) {
            throw new IllegalArgumentException('At least one of file or text needs to be provided to readJSON.')
        }
        if (given.file && strand.surroundings.folder == null) {
            throw new MissingContextVariableException('readJSON')
        }
        try {
            String text = given.text ?: FileSteps.file(strand, given.file).getText('UTF-8')
            build.answer(strand, new JsonReader(text).read())
        } catch (JsonException wrong) {
            throw new AbortException("Invalid JSON: ${wrong.message}")
        }
    }

    private static void stage(Build build, Strand strand, Map given) {
        if (given.name.startsWith(OWN)) {
            around(build, strand, given)
            return
        }
        build.stages[given.name] = 'SUCCESS'
        Surroundings within = strand.surroundings.copyWith(stages: strand.surroundings.stages + [given.name])
        build.fork(given.name, given.body, within, new StageBlock(strand))
    }

    private static void parallel(Build build, Strand strand, Map given) {
        boolean failFast = given.remove('failFast') ?: false
        Map others = given.findAll { name, branch -> !(branch instanceof Closure) }
        if (others) {
            throw new IllegalArgumentException("Expected closures but found ${others}")
        }
        if (!given) {
            return
        }
        Parallel block = new Parallel(strand, given.keySet(), failFast)
        for (Map.Entry branch in given) {
            build.fork(branch.key, branch.value, strand.surroundings, block)
        }
    }

    /** Values are expanded, as a controller does: a `$` in one does not come through. */
    private static void withEnvironment(Build build, Strand strand, Map given) {
        Map<String, String> known = build.environment(strand)
        Map<String, String> more = given.overrides.collectEntries { String pair ->
            List parts = pair.split('=', 2).toList()
            if (parts.size() == 1) {
                throw new IllegalArgumentException("withEnv: ${pair} is no NAME=value")
            }
            String expanded = parts[1].replaceAll(/\$\{?([A-Za-z_]\w*)\}?/) { all, name -> known[name] ?: all }
            [(parts[0]): expanded.replace('$$', '$')]
        }
        build.fork('withEnv', given.body, strand.surroundings + more, new Around(strand))
    }
}

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

/** `catchError` and `warnError`: a failure becomes a result, of the build and of the stage. */
class CatchError extends Block {
    private static final long serialVersionUID = 1

    private final Map<String, Object> given

    CatchError(Strand caller, Map given) {
        super(caller)
        this.given = given.findAll { name, value -> name != 'body' }
    }

    @Override
    void ended(Build build, String name, Outcome outcome) {
        Throwable failure = outcome.abnormal
        boolean interruption = failure instanceof FlowInterruptedException
        if (interruption && failure.actual && given.catchInterruptions == false) {
            caller.resume(outcome)
            return
        }
        if (failure) {
            if (given.message) {
                build.say("ERROR: ${given.message}", caller.surroundings)
            }
            build.tell(failure, caller.surroundings)
            build.worsen(interruption ? failure.result : given.buildResult ?: 'SUCCESS')
            build.mark(caller.surroundings, interruption ? failure.result : given.stageResult ?: 'SUCCESS')
        }
        caller.resume(new Outcome(null, null))
    }
}

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
