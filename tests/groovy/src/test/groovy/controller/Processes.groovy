package controller

import com.cloudbees.groovy.cps.Outcome
import java.nio.file.Files
import java.util.concurrent.TimeUnit

/** What runs on the agents. It outlives a restart of the controller, whose program knows it by number only. */
class Processes {
    private final File folder
    private final Map<Long, Map> running = [:]

    Processes(File folder) {
        this.folder = folder
    }

    /** @return the number of the process, which leads a group of its own */
    Long start(Map step, String where, Map<String, String> environment) {
        File files = Files.createTempDirectory(folder.toPath(), 'sh').toFile()
        File script = new File(files, 'script.sh')
        script.text = step.script
        new File(where).mkdirs()
        ProcessBuilder builder = new ProcessBuilder('setsid', *interpreter(step.script), script.path)
            .directory(new File(where))
        builder.environment().putAll(environment)
        builder.redirectErrorStream(!step.returnStdout).redirectOutput(new File(files, 'output'))
        if (step.returnStdout) {
            builder.redirectError(new File(files, 'log'))
        }
        Process process = builder.start()
        running[process.pid()] = [process: process, files: files, step: step]
        process.pid()
    }

    /** A script that names its interpreter is run by it, as it is; any other is traced, and ends at its first failure. */
    private static List<String> interpreter(Object script) {
        String first = (script as String).readLines().first()
        first.startsWith('#!') ? first.drop(2).trim().split(' ').toList() : ['/bin/sh', '-xe']
    }

    boolean isRunning(Long number) {
        running[number].process.alive
    }

    /** @return what the step `sh` answers for a process that ended */
    Outcome end(Long number, Build build, Surroundings surroundings) {
        Map ended = running.remove(number)
        int code = ended.process.exitValue()
        String output = new File(ended.files, 'output').text
        build.say(ended.step.returnStdout ? new File(ended.files, 'log').text : output, surroundings)
        if (ended.step.returnStatus) {
            return new Outcome(code, null)
        }
        if (code != 0) {
            return new Outcome(null, new AbortException("script returned exit code ${code}"))
        }
        new Outcome(ended.step.returnStdout ? output : null, null)
    }

    /** Terminate a process and those that it started, and wait for its end, as the agent does. */
    void terminate(Long number, List<String> signals) {
        Process process = running[number].process
        signals.each { signal ->
            if (process.alive) {
                new ProcessBuilder('kill', "-${signal}", '--', "-${number}").start().waitFor()
                process.waitFor(20, TimeUnit.SECONDS)
            }
        }
    }
}
