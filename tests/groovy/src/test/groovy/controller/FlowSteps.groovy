package controller

import groovy.json.JsonException
import java.util.concurrent.TimeUnit

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

    /** Values are expanded, as a controller does: a `$` in one does not come through, and an empty one unsets its name. */
    private static void withEnvironment(Build build, Strand strand, Map given) {
        Map<String, String> known = build.environment(strand)
        Map<String, String> more = given.overrides.collectEntries { String pair ->
            List parts = pair.split('=', 2).toList()
            if (parts.size() == 1) {
                throw new IllegalArgumentException("withEnv: ${pair} is no NAME=value")
            }
            String expanded = parts[1].replaceAll(/\$\{?([A-Za-z_]\w*)\}?/) { all, name -> known[name] ?: all }
            [(parts[0]): expanded.replace('$$', '$') ?: null]
        }
        build.fork('withEnv', given.body, strand.surroundings + more, new Around(strand))
    }
}
