package meetings

import controller.Build
import controller.Library
import org.junit.Rule
import org.junit.rules.TemporaryFolder
import spock.lang.Shared
import spock.lang.Specification
import spock.lang.Stepwise
import specifications.Vars

/** Groovy and Python meet: mlPipeline runs the real steps on a bootstrapped cloud, with its build server's key. */
@Stepwise
class PipelineMeeting extends Specification {
    private static final List<String> UNTIL_GATE = ['Model', 'Validate', 'Preflight', 'Snapshot data', 'Build image',
        'Prepare', 'Train', 'Evaluate', 'Gate']

    @Rule
    TemporaryFolder temporary

    @Shared
    String release

    def 'a branch goes from data to a release and its endpoint'() {
        when:
        Build build = pipeline(7, [:], [BRANCH_NAME: 'main'])

        then:
        build.result == 'SUCCESS'
        build.stages.keySet() as List ==
            UNTIL_GATE + ['Register', 'Release', 'Deploy', 'Check endpoint']
        build.description ==~ /release [0-9a-f]{64}/

        cleanup:
        release = build?.description
    }

    def 'a pull request ends with the gate, and what main has done is not done again'() {
        when:
        Build build = pipeline(8, [:], [BRANCH_NAME: 'PR-12', CHANGE_BRANCH: 'better', CHANGE_ID: '12'])

        then:
        build.result == 'SUCCESS'
        build.stages.keySet() as List == UNTIL_GATE
        recalled(build).containsAll('snapshot_data', 'build_image', 'prepare')
    }

    def 'a build without a change makes the same release'() {
        when:
        Build build = pipeline(9, [:], [BRANCH_NAME: 'main'])

        then:
        build.result == 'SUCCESS'
        build.description == release
        recalled(build).containsAll('train', 'evaluate', 'register', 'release')
    }

    def 'a worse model is refused with the gate\'s reason, and not released'() {
        when:
        Build build = pipeline(10, [SETTINGS: 'gates.separates.min=0.9999'], [BRANCH_NAME: 'main'])

        then:
        build.result == 'UNSTABLE'
        build.description.startsWith('refused: ')
        build.description.contains('0.9999')
        build.stages.Gate == 'UNSTABLE'
        !build.stages.containsKey('Release')
    }

    def 'a mistake in the configuration is a failure with the step\'s message'() {
        when:
        Build build = pipeline(11, [SETTINGS: 'training.hyperparameter.trees=1'], [BRANCH_NAME: 'main'])

        then:
        build.result == 'FAILURE'
        build.console.contains('ERROR: validate failed (exit code 2): ')
    }

    private Build pipeline(int number, Map parameters, Map variables) {
        Library library = new Library(new File(Vars.REPOSITORY, 'vars'), true)
        Build build = new Build(temporary.root, library, "mlPipeline(${System.getProperty('place', '')})".toString())
        build.sources = new File(System.getProperty('model'))
        build.variables.putAll(variables + [BUILD_TAG: "jenkins-tumour-${number}".toString()])
        build.parameters.putAll(parameters)
        build.patience = 600
        Vars.putCommand(build, temporary.newFolder('bin'), '-m agent.cli')
        build.run()
    }

    private static List<String> recalled(Build build) {
        build.artifacts.findAll { name, text -> name.endsWith('.result.json') && text.contains('"recalled": true') }
            .keySet()*.minus('.result.json')
    }
}
