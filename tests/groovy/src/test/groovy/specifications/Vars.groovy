package specifications

import controller.Build
import controller.Library
import groovy.json.JsonOutput
import groovy.json.JsonSlurperClassic
import org.junit.Rule
import org.junit.rules.TemporaryFolder
import spock.lang.Specification

/** What every specification of a var starts from: the repository's vars, a scripted `modelyard` on PATH, a build. */
abstract class Vars extends Specification {
    static final File REPOSITORY = new File(System.getProperty('repository')).canonicalFile
    static final String SCRIPTED = '/scripted_modelyard.py'
    /** By whether it is sandboxed; nothing of a build is kept in it. */
    static final Map<Boolean, Library> LIBRARIES = [:].withDefault { boolean sandbox ->
        new Library(new File(REPOSITORY, 'vars'), sandbox)
    }

    @Rule
    TemporaryFolder temporary

    List levels = []
    Map<String, List<Map>> outcomes = [:]
    Build build

    Build pipeline(String script, boolean sandbox = true) {
        build = new Build(temporary.root, LIBRARIES[sandbox], script)
        build.variables.SCRIPTED = scripted.path
        putCommand(build, temporary.newFolder('bin'), "-IS '${new File(Vars.getResource(SCRIPTED).toURI())}'")
        build
    }

    /** Put a `modelyard` on a build's PATH, in `folder`, that is Python with these arguments. */
    static void putCommand(Build build, File folder, String arguments) {
        File command = new File(folder, 'modelyard')
        command.text = "#!/bin/sh\nexec '${System.getProperty('python')}' ${arguments} \"\$@\"\n"
        command.executable = true
        build.variables.PATH = "${folder}:${System.getenv('PATH')}".toString()
    }

    /** Write what `modelyard` answers, and run the build. */
    Build run() {
        new File(scripted, 'script.json').text = JsonOutput.toJson([levels: levels, outcomes: outcomes])
        build.run()
    }

    File getScripted() {
        new File(temporary.root, 'scripted').with { it.mkdirs(); it }
    }

    /** Levels of stages, as `modelyard stages` declares them. */
    List levelsOf(List<String>... names) {
        names.collect { level -> level.collect { [step: it, title: it.capitalize().replace('_', ' ')] } }
    }

    /** The arguments that `modelyard stages` got. */
    Map stagesAsked() {
        new JsonSlurperClassic().parse(new File(scripted, 'stages.json')) as Map
    }

    /** The requests that a step got, in order. */
    List<Map> requests(String step) {
        scripted.listFiles().findAll { it.name.startsWith("${step}.") && it.name.endsWith('.json') }.sort { it.name }
            .collect { new JsonSlurperClassic().parseText(it.text) }
    }
}
