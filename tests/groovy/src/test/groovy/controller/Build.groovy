package controller

import com.cloudbees.groovy.cps.Continuable
import com.cloudbees.groovy.cps.Continuation
import com.cloudbees.groovy.cps.Outcome
import com.cloudbees.groovy.cps.impl.CpsCallableInvocation
import com.cloudbees.groovy.cps.impl.FunctionCallEnv
import com.cloudbees.groovy.cps.sandbox.SandboxInvoker
import java.util.concurrent.TimeUnit
import org.codehaus.groovy.runtime.StackTraceUtils

/**
 * One build of a pipeline, driven as a controller drives it: after every step the whole program is written out, read
 * back, and only the copy goes on.
 */
class Build {
    private static final List<String> WORSE = ['SUCCESS', 'UNSTABLE', 'FAILURE', 'NOT_BUILT', 'ABORTED']
    private static final List<Class> CATEGORIES = Continuable.categories + [Iterators]
    private static Build current

    final File workspace
    /** What `checkout` brings; nothing, unless a test says. */
    File sources
    final Map<String, String> variables
    final Map<String, Object> parameters = [:]
    /** The parameters that the pipeline declares. */
    final List<Map> declared = []
    final Processes processes
    List<Map> causes = []
    /** Asked while processes run; when it is true, the build is aborted. */
    Closure<Boolean> abortWhen = { false }
    /** Asked after each step with its name; when it is true, the controller restarts. */
    Closure<Boolean> restartAfter = { false }

    /** Seconds after which a process is taken for one that never ends. */
    int patience = 60

    String result
    String description
    /** What the script answers. */
    Object value
    final List<String> log = []
    final Map<String, String> stages = [:]
    final Map<String, String> artifacts = [:]
    final List<Integer> naps = []
    final List<String> nodes = []
    int restarts = 0

    private final String text
    private Library library
    private Class script
    private Program program = new Program()
    private Strand acting

    Build(File folder, Library library, String script) {
        workspace = new File(folder, 'workspace')
        workspace.mkdirs()
        processes = new Processes(folder)
        variables = [BUILD_TAG: 'jenkins-models-main-7', JOB_NAME: 'models/main', BUILD_URL: 'http://ci/job/models/7/']
        this.library = library
        text = script
        this.script = library.compile(text)
    }

    static Build running() {
        current
    }

    static String resultOf(Throwable failure) {
        failure instanceof FlowInterruptedException ? 'ABORTED' : 'FAILURE'
    }

    /** Run to the end. @return this, to be asked how it went */
    Build run() {
        current = this
        Strand main = new Strand(0, begin(script.newInstance()), new Surroundings(null, [:], []), null, 'main')
        program.strands << main
        while (program.strands) {
            Strand next = program.strands.find { !it.waiting }
            next ? advance(next) : await()
        }
        result = result ?: 'SUCCESS'
        current = null
        this
    }

    void say(Object text) {
        log.addAll((text as String).readLines())
    }

    String getConsole() {
        log.join('\n')
    }

    void worsen(String worse) {
        if (WORSE.indexOf(worse) < 0) {
            throw new IllegalArgumentException("there is no result ${worse}")
        }
        result = WORSE[Math.max(WORSE.indexOf(result ?: 'SUCCESS'), WORSE.indexOf(worse))]
    }

    void answer(Strand strand, Object value) {
        strand.resume(new Outcome(value, null))
    }

    Map<String, String> environment(Strand strand = acting) {
        Map<String, String> given = parameters.collectEntries { name, value -> [(name): value as String] }
        variables + given + strand.surroundings.variables
    }

    /** A file that the library brings with its vars. */
    String resource(String path) {
        File file = new File(library.resources, path)
        if (!file.file) {
            throw new AbortException("No such library resource ${path} could be found.")
        }
        file.text
    }

    /** A var or one of the controller's objects; a var is made once for each script that calls it. */
    Object global(Script script, String name) {
        if (script.binding.hasVariable(name)) {
            return script.binding.getVariable(name)
        }
        if (library.vars.contains(name)) {
            script.binding.setVariable(name, library.make(name))
            return script.binding.getVariable(name)
        }
        switch (name) {
            case 'env': return new EnvironmentVariables()
            case 'params': return new Parameters()
            case 'currentBuild': return new CurrentBuild()
            case 'scm': return new SourceControl()
            default: return null
        }
    }

    /** Start a body of a step. */
    void fork(Object name, Closure body, Surroundings surroundings, Block block) {
        try {
            block.ended(this, name as String, new Outcome(body.call(), null))
        } catch (CpsCallableInvocation invocation) {
            FunctionCallEnv caller = new FunctionCallEnv(null, Continuation.HALT, null, null)
            if (library.sandbox) {
                caller.invoker = new SandboxInvoker()
            }
            Continuable code = new Continuable(invocation.invoke(caller, null, Continuation.HALT))
            program.strands << new Strand(program.next++, code, surroundings, block, name as String)
        }
    }

    /** Interrupt what waits or is about to go on, innermost first, where `concerns` is true for it. */
    void interrupt(Closure<Boolean> concerns) {
        for (Strand strand in program.strands.findAll { it.block == null && concerns(it) }) {
            if (strand.process != null) {
                processes.terminate(strand.process)
                processes.end(strand.process, this)
            }
            strand.resume(new Outcome(null, new FlowInterruptedException()))
        }
    }

    private Continuable begin(Script script) {
        FunctionCallEnv caller = library.sandbox ? new FunctionCallEnv(null, Continuation.HALT, null, null) : null
        caller?.invoker = new SandboxInvoker()
        new Continuable(script, caller)
    }

    private void advance(Strand strand) {
        Outcome given = strand.ready
        strand.ready = null
        acting = strand
        Closure<Outcome> work = { strand.code.run0(given, CATEGORIES) }
        Outcome yielded = library.sandbox ? Sandbox.guard(work) : work()
        if (!strand.code.resumable) {
            finish(strand, yielded)
            return
        }
        Call call = (Call) yielded.normal
        try {
            Steps.start(this, strand, call)
        } catch (Exception | NoSuchMethodError failure) {
            strand.resume(new Outcome(null, failure))
        }
        persist(call.step)
    }

    private void finish(Strand strand, Outcome outcome) {
        program.strands.remove(strand)
        if (strand.parent) {
            strand.parent.ended(this, strand.name, outcome)
            return
        }
        value = outcome.normal
        if (outcome.failure) {
            say("ERROR: ${outcome.abnormal.message}")
            if (!(outcome.abnormal instanceof AbortException)) {
                say(trace(outcome.abnormal))
            }
            worsen(resultOf(outcome.abnormal))
        }
    }

    private static String trace(Throwable failure) {
        "${failure}\n${StackTraceUtils.sanitize(failure).stackTrace.take(8).collect { "    at ${it}" }.join('\n')}"
    }

    /** Nothing can go on before a process ends, or the build is aborted. */
    private void await() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(patience)
        while (true) {
            Strand strand = program.strands.find { it.process != null && !processes.isRunning(it.process) }
            if (strand) {
                strand.resume(processes.end(strand.process, this))
                return
            }
            if (abortWhen()) {
                abortWhen = { false }
                interrupt { true }
                return
            }
            if (System.nanoTime() > deadline) {
                interrupt { true }
                throw new IllegalStateException("nothing ends:\n${this}")
            }
            sleep(10)
        }
    }

    private void persist(String step) {
        acting = null
        if (restartAfter(step)) {
            restarts++
            library = library.recompiled()
            script = library.compile(text)
        }
        program = program.restored(script.classLoader)
    }

    /** What a failed test shows of it. */
    @Override
    String toString() {
        "${result}: ${description}\n${stages}\n${console}"
    }
}
