package controller

import com.cloudbees.groovy.cps.Outcome
import groovy.json.JsonException
import groovy.json.JsonSlurperClassic
import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.PathMatcher
import java.nio.file.StandardCopyOption

/** The steps that the vars use, as the plugins behave; an argument that a plugin does not take is an error. */
class Steps {
    /** Step -> [takes: names of its arguments, the first may stand alone; node: whether it needs one; does: work]. */
    static final Map<String, Map> TABLE = [
        archiveArtifacts: [takes: ['artifacts', 'allowEmptyArchive', 'fingerprint'], node: true, does: Steps.&archive],
        checkout: [takes: ['scm'], node: true, does: Steps.&checkout],
        deleteDir: [takes: [], node: true, does: Steps.&deleteFolder],
        dir: [takes: ['path'], node: true, body: true, does: Steps.&folder],
        echo: [takes: ['message'], does: { Build build, Strand strand, Map given -> build.say(given.message) }],
        error: [takes: ['message'], does: { Build build, Strand strand, Map given ->
            throw new AbortException(given.message as String)
        }],
        fileExists: [takes: ['file'], node: true, does: { Build build, Strand strand, Map given ->
            build.answer(strand, file(strand, given).exists())
        }],
        library: [takes: ['identifier', 'retriever', 'changelog'], does: Steps.&nothing],
        libraryResource: [takes: ['resource', 'encoding'], does: { Build build, Strand strand, Map given ->
            build.answer(strand, build.resource(given.resource as String))
        }],
        legacySCM: [takes: ['scm'], does: Steps.&nothing],
        node: [takes: ['label'], body: true, does: Steps.&node],
        parallel: [does: Steps.&parallel],
        readFile: [takes: ['file', 'encoding'], node: true, does: { Build build, Strand strand, Map given ->
            build.answer(strand, file(strand, given).getText(given.encoding ?: 'UTF-8'))
        }],
        readJSON: [takes: ['file', 'text', 'returnPojo'], does: Steps.&readJson],
        retry: [takes: ['count', 'conditions'], body: true, does: { Build build, Strand strand, Map given ->
            new Retry(strand, given.body, given.count).begin(build)
        }],
        script: [takes: [], body: true, does: { Build build, Strand strand, Map given ->
            build.fork('script', given.body, strand.surroundings, new Around(strand))
        }],
        sh: [takes: ['script', 'label', 'returnStatus', 'returnStdout', 'encoding'], node: true, does: Steps.&shell],
        sleep: [takes: ['time', 'unit'], does: { Build build, Strand strand, Map given ->
            build.naps << (given.time as int)
        }],
        stage: [takes: ['name'], body: true, does: Steps.&stage],
        unstable: [takes: ['message'], does: Steps.&unstable],
        withEnv: [takes: ['overrides'], body: true, does: Steps.&withEnvironment],
        writeFile: [takes: ['file', 'text', 'encoding'], node: true, does: Steps.&writeFile],
    ]

    /** Start a step; it answers at once, or later where it waits for a process or for its bodies. */
    static void start(Build build, Strand strand, Call call) {
        Map step = TABLE[call.step]
        if (step == null) {
            throw new NoSuchMethodError("No such DSL method '${call.step}' found among steps ${TABLE.keySet()}")
        }
        Map given = step.takes == null ? call.named('') : call.named(step.takes ? step.takes[0] : '')
        check(strand, call, step, given)
        if (call.body) {
            given.body = call.body
        }
        step.does.call(build, strand, step.takes == null ? given[''] : given)
        if (strand.ready == null && strand.process == null && strand.block == null) {
            build.answer(strand, null)
        }
    }

    private static void check(Strand strand, Call call, Map step, Map given) {
        Set unknown = step.takes == null ? [] as Set : given.keySet() - step.takes
        if (unknown) {
            throw new IllegalArgumentException("${call.step}: unknown parameter(s) ${unknown}; it takes ${step.takes}")
        }
        if (step.node && strand.surroundings.folder == null) {
            throw new MissingContextVariableException(call.step)
        }
        if ((step.body ?: false) != (call.body != null)) {
            throw new IllegalStateException("${call.step} ${step.body ? 'needs a' : 'takes no'} body")
        }
    }

    private static void nothing(Build build, Strand strand, Map given) {
        build.answer(strand, given)
    }

    private static File file(Strand strand, Map given) {
        new File(strand.surroundings.folder, given.file as String)
    }

    private static void writeFile(Build build, Strand strand, Map given) {
        File target = file(strand, given)
        target.parentFile.mkdirs()
        target.setText(given.text as String, given.encoding ?: 'UTF-8')
    }

    private static void readJson(Build build, Strand strand, Map given) {
        if (!given.returnPojo) {
            throw new IllegalArgumentException('readJSON without returnPojo answers JSONObject, which cannot be kept')
        }
        try {
            build.answer(strand, new JsonSlurperClassic().parseText(given.text ?: file(strand, given).getText('UTF-8')))
        } catch (JsonException wrong) {
            throw new AbortException("Invalid JSON: ${wrong.message}")
        }
    }

    private static void archive(Build build, Strand strand, Map given) {
        Path folder = new File(strand.surroundings.folder).toPath()
        PathMatcher matcher = FileSystems.default.getPathMatcher("glob:${given.artifacts}")
        List<Path> kept = files(folder).findAll { path -> matcher.matches(path) }
        if (!kept && !given.allowEmptyArchive) {
            throw new AbortException("No artifacts found that match the file pattern \"${given.artifacts}\"")
        }
        kept.each { path -> build.artifacts[path as String] = folder.resolve(path).text }
    }

    private static void checkout(Build build, Strand strand, Map given) {
        if (!(given.scm instanceof SourceControl)) {
            throw new AbortException('checkout: there is no scm')
        }
        if (build.sources == null) {
            return
        }
        Path from = build.sources.toPath()
        for (Path path in files(from)) {
            Path target = new File(strand.surroundings.folder).toPath().resolve(path)
            Files.createDirectories(target.parent)
            Files.copy(from.resolve(path), target, StandardCopyOption.REPLACE_EXISTING)
        }
    }

    private static List<Path> files(Path folder) {
        Files.walk(folder).iterator().findAll { path -> Files.isRegularFile(path) }.collect { folder.relativize(it) }
    }

    private static void deleteFolder(Build build, Strand strand, Map given) {
        new File(strand.surroundings.folder).deleteDir()
    }

    private static void folder(Build build, Strand strand, Map given) {
        String path = new File(strand.surroundings.folder, given.path as String).path
        build.fork('dir', given.body, strand.surroundings.inFolder(path), new Around(strand))
    }

    private static void node(Build build, Strand strand, Map given) {
        build.nodes << given.label
        Surroundings there = strand.surroundings.inFolder(build.workspace.path) + [NODE_NAME: 'agent', WORKSPACE: build.workspace.path]
        build.fork('node', given.body, there, new Around(strand))
    }

    private static void stage(Build build, Strand strand, Map given) {
        build.stages[given.name as String] = 'SUCCESS'
        build.fork(given.name, given.body, strand.surroundings.inStage(given.name), new StageBlock(strand))
    }

    private static void unstable(Build build, Strand strand, Map given) {
        build.say("WARNING: ${given.message}")
        strand.surroundings.stages.takeRight(1).each { stage -> build.stages[stage] = 'UNSTABLE' }
        build.worsen('UNSTABLE')
    }

    private static void parallel(Build build, Strand strand, Map given) {
        boolean failFast = given.remove('failFast') ?: false
        Parallel block = new Parallel(strand, given.keySet(), failFast)
        for (Map.Entry branch in given) {
            build.fork(branch.key, branch.value, strand.surroundings, block)
        }
    }

    /** Values are expanded, as a controller does: a `$` in one does not come through. */
    private static void withEnvironment(Build build, Strand strand, Map given) {
        Map<String, String> known = build.environment(strand)
        Map<String, String> more = given.overrides.collectEntries { Object pair ->
            List parts = (pair as String).split('=', 2).toList()
            String expanded = parts[1].replaceAll(/\$\{?([A-Za-z_]\w*)\}?/) { all, name -> known[name] ?: all }
            [(parts[0]): expanded.replace('$$', '$')]
        }
        build.fork('withEnv', given.body, strand.surroundings + more, new Around(strand))
    }

    private static void shell(Build build, Strand strand, Map given) {
        if (given.returnStatus && given.returnStdout) {
            throw new IllegalArgumentException('sh: you may not provide both returnStatus and returnStdout')
        }
        strand.process = build.processes.start(given, strand.surroundings.folder, build.environment(strand))
        build.say(given.label ?: 'Shell Script')
    }
}
