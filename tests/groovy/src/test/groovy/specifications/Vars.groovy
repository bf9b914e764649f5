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

    /** An engine whose containers run here. */
    static final String RUNS_HERE = '''
        test "$1" = run || exit 1
        while test "$1" != modelyard; do shift; done
        exec "$@"
    '''

    @Rule
    TemporaryFolder temporary

    /** What `modelyard stages` declares: groups of levels of stages. */
    List groups = []
    boolean supersedes = false
    int stagesContract = 2
    /** What `modelyard choices` offers. */
    Map choices = [:]
    Map published = [:]
    /** Stage -> what it comes to, one time after the other. */
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

    /** Put an engine on a build's PATH that has no container yet. */
    void putEngine(String script) {
        File docker = new File(build.variables.PATH.tokenize(':').first(), 'docker')
        docker.text = "#!/bin/sh\nif test \"\$1\" = container; then exit 1; fi\n${script}\n"
        docker.executable = true
    }

    /** Write what `modelyard` answers, and run the build. */
    Build run() {
        Map stages = [contract: stagesContract, project: 'tumour', supersedes: supersedes, groups: groups]
        new File(scripted, 'script.json').text = JsonOutput.toJson([stages: stages, outcomes: outcomes,
            choices: [contract: 1] + choices, published: published])
        build.run()
    }

    File getScripted() {
        new File(temporary.root, 'scripted').with { it.mkdirs(); it }
    }

    /** Levels of stages that change nothing together: one group. */
    void setLevels(List<List<String>> levels) {
        groups = [group(levels)]
    }

    /** A group as `modelyard stages` declares it; a stage is `promote-qa` where its step is `promote`. */
    static Map group(Map more = [:], List<List<String>> levels) {
        [environment: '', lock: '', milestone: null, levels: levels.collect { level ->
            level.collect { stage ->
                [stage: stage, step: stage.tokenize('-').first(), title: stage.capitalize().replace('_', ' '), timeout: 60]
            }
        }] + more
    }

    /** The requests that a step, or another command, got, in order. */
    List<Map> requests(String name) {
        scripted.listFiles().findAll { it.name.startsWith("${name}.") && it.name.endsWith('.json') }
            .sort { it.name.tokenize('.')[-2] as int }
            .collect { new JsonSlurperClassic().parseText(it.text) }
    }
}
