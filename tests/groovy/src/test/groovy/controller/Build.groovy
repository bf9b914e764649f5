package controller

import com.cloudbees.groovy.cps.Continuable
import com.cloudbees.groovy.cps.Continuation
import com.cloudbees.groovy.cps.Outcome
import com.cloudbees.groovy.cps.impl.CpsCallableInvocation
import com.cloudbees.groovy.cps.impl.FunctionCallEnv
import com.cloudbees.groovy.cps.sandbox.SandboxInvoker
import java.util.concurrent.TimeUnit
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/**
 * One build of a pipeline, driven as a controller drives it: after every step the whole program is written out, read
 * back, and only the copy goes on. What a test says to it is in World, what it may ask in Journal.
 */
class Build extends Journal {
    private static final List<Class> CATEGORIES = Continuable.categories + [Iterators]
    private static Build current

    /** What the script answers. */
    Object value
    int restarts = 0

    private final String text
    private Library library
    private Class script
    private Program program = new Program()
    private Strand acting
    final Outside outside = new Outside(this)

    Build(File folder, Library library, String script) {
        super(folder)
        this.library = library
        text = script
        this.script = library.compile(text)
    }

    static Build running() {
        current
    }

    /** Run to the end. @return this, to be asked how it went */
    Build run() {
        current = this
        outside.begin()
        program.strands << new Strand(0, begin(script.newInstance()), Surroundings.NONE, null, 'main')
        while (program.strands) {
            if (!outside.happens()) {
                Strand next = program.strands.find { !it.waiting }
                next ? advance(next) : await()
            }
        }
        result = result ?: 'SUCCESS'
        current = null
        this
    }

    List<Strand> getStrands() {
        program.strands
    }

    /** A number that nothing else in the program has. */
    int nextNumber() {
        program.next++
    }

    void answer(Strand strand, Object value) {
        strand.resume(new Outcome(value, null))
    }

    Map<String, String> environment(Strand strand = acting) {
        Map<String, String> given = parameters.collectEntries { name, value -> [(name): value as String] }
        (variables + given + strand.surroundings.variables).findAll { name, value -> value != null }
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
            case 'params': return Collections.unmodifiableMap(new LinkedHashMap(parameters))
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
    void interrupt(String cause, Map about = [:], Closure<Boolean> concerns) {
        for (Strand strand in program.strands.findAll { it.block == null && concerns(it) }) {
            strand.wait?.interrupted(this)
            strand.resume(new Outcome(null, new FlowInterruptedException(about, cause)))
        }
    }

    /** Show text in the log; the `timeout` steps around that wait for a sign of life have one. */
    @Override
    void say(Object text, Surroundings surroundings) {
        super.say(text, surroundings)
        acting?.blocks?.findAll { it instanceof Timeout }?.each { it.touch(this) }
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
            tell(outcome.abnormal, Surroundings.NONE)
            worsen(resultOf(outcome.abnormal))
        }
    }

    /** Nothing can go on before a process ends, time passes, or something happens from outside. */
    private void await() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(patience)
        while (!expire() && !wake() && !outside.happens()) {
            Due next = dues().min { it.at }
            boolean busy = program.strands.any { it.wait instanceof Running }
            if (next && (!busy || hangsWhen())) {
                pace()
                now = Math.max(now, next.at)
            } else if (System.nanoTime() > deadline || !next && !busy) {
                interrupt('nothing ends') { true }
                throw new IllegalStateException("nothing ends, so say what happens from outside:\n${this}")
            } else {
                sleep(10)
            }
        }
    }

    private boolean expire() {
        Block late = blocks().find { it.due?.reached(this) }
        late?.expire(this)
        late
    }

    private boolean wake() {
        program.strands.toList().any { strand ->
            Waiting wait = strand.wait
            Outcome outcome = wait?.poll(this)
            if (outcome) {
                strand.resume(outcome)
            }
            outcome || !wait.is(strand.wait)
        }
    }

    private List<Due> dues() {
        (program.strands*.wait + blocks())*.due.findAll { it }
    }

    private List<Block> blocks() {
        (program.strands.collectMany { it.blocks } as Set<Block>).toList()
    }

    private void persist(String step) {
        acting = null
        if (restartAfter(step)) {
            restarts++
            library = library.reloaded()
            script = library.reload(script)
        }
        program = program.restored(script.classLoader)
        if (abortAt(step)) {
            abortAt = { false }
            outside.abort()
        }
    }

    /** What a failed test shows of it. */
    @Override
    String toString() {
        "${result}: ${description}\n${stages}\n${console}"
    }
}
