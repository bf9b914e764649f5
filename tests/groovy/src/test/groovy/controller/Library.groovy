package controller

import com.cloudbees.groovy.cps.CpsTransformer
import com.cloudbees.groovy.cps.NonCPS
import com.cloudbees.groovy.cps.TransformerConfiguration
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.customizers.ImportCustomizer

/** The vars of a folder, compiled as a controller compiles them: CPS-transformed, and sandboxed where that is asked. */
class Library {
    /** The declarative interpreter is the controller's own and never sandboxed. */
    private static final String OWN = 'pipeline'
    private static final String SCRIPT = 'WorkflowScript'

    final boolean sandbox
    final Set<String> vars
    private final File folder
    private final GroovyClassLoader loader

    Library(File folder, boolean sandbox) {
        this.folder = folder
        this.sandbox = sandbox
        GroovyClassLoader own = new GroovyClassLoader(Library.classLoader, configuration(false))
        own.parseClass(Library.getResourceAsStream("/${OWN}.groovy").text, "${OWN}.groovy")
        loader = new GroovyClassLoader(own, configuration(sandbox))
        List<File> files = folder.listFiles().findAll { it.name.endsWith('.groovy') }
        files.each { loader.parseClass(it) }
        vars = files.collect { it.name - '.groovy' } + [OWN] as Set
    }

    /** The class of a Jenkinsfile; the loader of that class knows the vars too. */
    Class compile(String text) {
        new GroovyClassLoader(loader, configuration(sandbox)).parseClass(text, "${SCRIPT}.groovy")
    }

    Script make(String name) {
        (Script) loader.loadClass(name).newInstance()
    }

    /** The folder beside the vars, whose files they may read. */
    File getResources() {
        new File(folder.parentFile, 'resources')
    }

    /** What a controller has after a restart: the same sources, and classes that share nothing with the former ones. */
    Library recompiled() {
        new Library(folder, sandbox)
    }

    private static CompilerConfiguration configuration(boolean sandbox) {
        CpsTransformer transformer = sandbox ? new UntrustedTransformer() : new CpsTransformer()
        transformer.configuration = new TransformerConfiguration().withClosureType(ScriptClosure)
        CompilerConfiguration configuration = new CompilerConfiguration(scriptBaseClass: PipelineScript.name)
        configuration.addCompilationCustomizers(
            new ImportCustomizer().addImports(NonCPS.name),
            new DeclarativePipeline(),
            transformer)
        configuration
    }
}
