package controller

import com.cloudbees.groovy.cps.CpsTransformer
import com.cloudbees.groovy.cps.NonCPS
import com.cloudbees.groovy.cps.TransformerConfiguration
import org.codehaus.groovy.control.CompilationUnit
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.Phases
import org.codehaus.groovy.control.customizers.ImportCustomizer

/** The vars of a folder, compiled as a controller compiles them: CPS-transformed, and sandboxed where that is asked. */
class Library {
    /** The declarative interpreter is the controller's own and never sandboxed. */
    private static final String OWN = 'pipeline'
    private static final String SCRIPT = 'WorkflowScript'
    private static final Map<String, byte[]> INTERPRETER =
        compiled([(OWN): Library.getResourceAsStream("/${OWN}.groovy").text], false, Library.classLoader)

    final boolean sandbox
    final Set<String> vars
    private final File folder
    private final Map<String, byte[]> classes
    private final ClassLoader loader

    Library(File folder, boolean sandbox) {
        this(folder, sandbox, compiled(sources(folder), sandbox, Library.classLoader))
    }

    private Library(File folder, boolean sandbox, Map<String, byte[]> classes) {
        this.folder = folder
        this.sandbox = sandbox
        this.classes = classes
        loader = new Loaded(Library.classLoader, INTERPRETER + classes)
        vars = sources(folder).keySet() + OWN
    }

    private static Map<String, String> sources(File folder) {
        folder.listFiles().findAll { it.name.endsWith('.groovy') }.sort().collectEntries { [(it.name - '.groovy'): it.text] }
    }

    /** The class of a Jenkinsfile; the loader of that class knows the vars too. */
    Class compile(String text) {
        new Loaded(loader, compiled([(SCRIPT): text], sandbox, loader)).loadClass(SCRIPT)
    }

    Script make(String name) {
        (Script) loader.loadClass(name).newInstance()
    }

    /** The folder beside the vars, whose files they may read. */
    File getResources() {
        new File(folder.parentFile, 'resources')
    }

    /** What a controller has after a restart: the same sources, and classes that share nothing with the former ones. */
    Library reloaded() {
        new Library(folder, sandbox, classes)
    }

    /** A class of a former Library in this one. */
    Class reload(Class script) {
        new Loaded(loader, ((Loaded) script.classLoader).classes).loadClass(SCRIPT)
    }

    /** Each by itself: in one unit the name of a var would be that of its class. */
    private static Map<String, byte[]> compiled(Map<String, String> sources, boolean sandbox, ClassLoader known) {
        sources.collectMany { name, text ->
            CompilationUnit unit = new CompilationUnit(configuration(sandbox), null, new GroovyClassLoader(known))
            unit.addSource("${name}.groovy", text)
            unit.compile(Phases.CLASS_GENERATION)
            unit.classes
        }.collectEntries { [(it.name): it.bytes] }
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

/** Classes from what a compiler made of them. */
class Loaded extends ClassLoader {
    final Map<String, byte[]> classes

    Loaded(ClassLoader parent, Map<String, byte[]> classes) {
        super(parent)
        this.classes = classes
    }

    @Override
    protected Class<?> findClass(String name) {
        byte[] bytes = classes[name]
        if (bytes == null) {
            throw new ClassNotFoundException(name)
        }
        defineClass(name, bytes, 0, bytes.length)
    }
}
