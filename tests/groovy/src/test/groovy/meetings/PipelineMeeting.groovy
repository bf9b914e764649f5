package meetings

import controller.Build
import controller.Library
import groovy.json.JsonSlurperClassic
import org.junit.Rule
import org.junit.rules.TemporaryFolder
import spock.lang.Shared
import spock.lang.Specification
import spock.lang.Stepwise
import specifications.Vars

/** Groovy and Python meet: mlPipeline and mlPromote run the real steps on a bootstrapped cloud, with its build server's key. */
@Stepwise
class PipelineMeeting extends Specification {
    private static final List<String> UNTIL_GATE = ['Model', 'Validate', 'Preflight', 'Snapshot data', 'Build image',
        'Prepare', 'Train', 'Evaluate', 'Examine', 'Gate']
    private static final String PLACE = System.getProperty('place', '')
    private static final Map PULL_REQUEST = [BRANCH_NAME: 'PR-12', CHANGE_BRANCH: 'better', CHANGE_ID: '12']
    private static final Map MAIN = [BRANCH_NAME: 'main']
    private static final Map TO_PROD = [ACTION: 'promote', ENVIRONMENT: 'prod', STRATEGY: 'all_at_once']

    @Rule
    TemporaryFolder temporary

    @Shared
    String first
    @Shared
    String second

    def 'a pull request ends with the gate, and shows what the model is worth'() {
        when:
        Build build = pipeline(1, [:], PULL_REQUEST)

        then:
        build.result == 'SUCCESS'
        build.stages.keySet() as List == UNTIL_GATE
        build.artifacts['comment.md'].contains('auc')
        build.tests*.name.containsAll(['Train', 'separates'])
    }

    def 'the main branch goes on to a release and its endpoint, and repeats nothing of the pull request'() {
        when:
        Build build = pipeline(2, [:], MAIN)

        then:
        build.result == 'SUCCESS'
        build.stages.keySet() as List == UNTIL_GATE + ['Register', 'Release', 'Deploy', 'Check endpoint']
        build.locks*.resource == ['modelyard tumour qa']
        recalled(build).containsAll('snapshot_data', 'build_image', 'prepare')

        cleanup:
        first = build ? released(build) : null
    }

    def 'a build without a change makes the same release'() {
        when:
        Build build = pipeline(3, [:], MAIN)

        then:
        build.result == 'SUCCESS'
        released(build) == first
        recalled(build).containsAll('train', 'evaluate', 'register', 'release')
    }

    def 'no executor is held while the model is trained'() {
        when:
        Build build = pipeline(4, [SETTINGS: 'training.hyperparameters.trees=160'], MAIN, 'patience: 0')

        then:
        build.result == 'SUCCESS'
        build.naps
        build.calls.findAll { it.step == 'sleep' }.every { it.node == null }
        built(build, 'train').result.model.job

        cleanup:
        second = build ? released(build) : null
    }

    def 'a worse model is refused with the gate\'s reason, and not released'() {
        when:
        Build build = pipeline(5, [SETTINGS: 'gates.separates.min=0.9999'], MAIN)

        then:
        build.result == 'UNSTABLE'
        build.description.contains('0.9999')
        build.stages.Gate == 'UNSTABLE'
        !build.stages.containsKey('Release')
    }

    def 'a mistake in the configuration is a failure with its place'() {
        when:
        Build build = pipeline(6, [SETTINGS: 'training.hyperparameter.trees=1'], MAIN)

        then:
        build.result == 'FAILURE'
        build.console.contains('training.hyperparameter')
        build.log.contains('ERROR: modelyard stages ended with exit code 2; its messages are above')
    }

    def 'a release is not promoted on the word of its author'() {
        when:
        Build build = promotion(7, TO_PROD + [OTHER_RELEASE: first, REASON: 'first'], 'grace')

        then:
        build.result == 'ABORTED'
        build.refused*.by == ['grace']
        !build.stages.containsKey('Promote to prod')
    }

    def 'it is promoted to production when somebody else approves'() {
        when:
        Build build = promotion(8, TO_PROD + [OTHER_RELEASE: first, REASON: 'the first model'], 'joan')

        then:
        build.result == 'SUCCESS'
        build.stages.keySet() as List == ['Review', 'Approve', 'Deploy', 'Promote to prod', 'Check endpoint']
        built(build, 'promote').result.release == first
        build.declared.find { it.name == 'RELEASE' }.choices.any { it.startsWith(first.take(12)) }
    }

    def 'and so is the next one, with what it would change on a page'() {
        when:
        Build build = promotion(9, TO_PROD + [OTHER_RELEASE: second, REASON: 'more trees'], 'joan')

        then:
        build.result == 'SUCCESS'
        build.log.any { it.contains('trees') }
        build.artifacts['report/index.html'].contains('more trees')
    }

    def 'production goes back to the first one, and nobody has to be asked'() {
        when:
        Build build = promotion(10, [ACTION: 'rollback', ENVIRONMENT: 'prod', REASON: 'too many trees'], null)

        then:
        build.result == 'SUCCESS'
        built(build, 'rollback').result.release == first
        build.inputs.empty
    }

    def 'a release that does not exist is refused before anybody is asked'() {
        when:
        Build build = promotion(11, TO_PROD + [OTHER_RELEASE: '0bad0bad', REASON: 'a typing mistake'], 'joan')

        then:
        build.result == 'FAILURE'
        build.inputs.empty
        build.log.any { it.startsWith('ERROR: review failed (exit code 5)') && it.contains('0bad0bad') }
    }

    private Build pipeline(int number, Map parameters, Map variables, String options = '') {
        go(number, "mlPipeline(${[options, PLACE].findAll().join(', ')})", parameters, variables)
    }

    private Build promotion(int number, Map parameters, String approver) {
        go(number, "mlPromote(${PLACE})", parameters, [:], approver)
    }

    private Build go(int number, String script, Map parameters, Map variables, String approver = null) {
        Build build = new Build(temporary.root, new Library(new File(Vars.REPOSITORY, 'vars'), true), script)
        build.sources = new File(System.getProperty('model'))
        build.variables.putAll(variables + [BUILD_TAG: "jenkins-tumour-${number}".toString()])
        build.causes = [[_class: 'hudson.model.Cause$UserIdCause', userId: 'grace']]
        build.parameters.putAll(parameters)
        build.answers.addAll(approver ? [[by: approver, values: [APPROVAL: 'the numbers are good']]] : [])
        build.patience = 600
        build.pause = 200
        Vars.putCommand(build, temporary.newFolder('bin'), '-m agent.cli')
        build.run()
        new File(System.getProperty('consoles')).with { File folder ->
            folder.mkdirs()
            new File(folder, "${number}.txt").text = build.console
        }
        build
    }

    /** The result document of a stage. */
    private static Map built(Build build, String stage) {
        new JsonSlurperClassic().parseText(build.artifacts["${stage}.result.json".toString()]) as Map
    }

    private static String released(Build build) {
        built(build, 'release').result.release
    }

    private static List<String> recalled(Build build) {
        build.artifacts.findAll { name, text -> name.endsWith('.result.json') && text.contains('"recalled": true') }
            .keySet()*.minus('.result.json')
    }
}
