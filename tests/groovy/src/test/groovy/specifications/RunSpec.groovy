package specifications

import spock.lang.Unroll

/** mlRun: the stages that `modelyard stages` declares, one level after the other. */
class RunSpec extends Vars {
    private static final String RUN = 'mlRun([pause: 1])'
    private static final Map PULL_REQUEST = [BRANCH_NAME: 'PR-12', CHANGE_ID: '12', CHANGE_BRANCH: 'as/$x']

    def 'stages run level after level, as they are declared'() {
        given:
        levels = levelsOf(['validate'], ['snapshot_data', 'build_image'], ['train'])
        pipeline RUN

        expect:
        run().result == 'SUCCESS'
        build.stages == [Validate: 'SUCCESS', 'Snapshot data': 'SUCCESS', 'Build image': 'SUCCESS', Train: 'SUCCESS']
    }

    def 'each step gets the results of all earlier levels, as they came'() {
        given:
        levels = levelsOf(['validate'], ['snapshot_data', 'build_image'], ['train'])
        outcomes.validate = [[result: [project: 'tumour']]]
        outcomes.snapshot_data = [[result: [data: [sets: [[files: 3, size: 1.5], [files: 0]], note: null]]]]
        outcomes.build_image = [[result: [uri: 'x@sha256:1']]]
        pipeline RUN

        when:
        run()

        then:
        requests('build_image').first().results == [validate: [project: 'tumour']]
        requests('train').first().results == [
            validate: [project: 'tumour'],
            snapshot_data: [data: [sets: [[files: 3, size: 1.5], [files: 0]], note: null]],
            build_image: [uri: 'x@sha256:1'],
        ]
    }

    def 'steps of one level run side by side'() {
        given: 'two steps, each of which ends only when the other has begun'
        levels = levelsOf(['snapshot_data', 'build_image'])
        outcomes.snapshot_data = [[waits_for: 'build_image.running']]
        outcomes.build_image = [[waits_for: 'snapshot_data.running']]
        pipeline RUN

        expect:
        run().result == 'SUCCESS'
    }

    def 'a failure ends its neighbour and the run'() {
        given:
        levels = levelsOf(['snapshot_data', 'build_image'], ['train'])
        Map failure = [status: 'failed', exit_code: 5, error: 'no such file']
        outcomes.snapshot_data = [failure + [waits_for: 'build_image.running']]
        outcomes.build_image = [[waits_for: 'nothing']]
        pipeline RUN

        expect:
        run().result == 'FAILURE'
        build.stages == ['Snapshot data': 'FAILURE', 'Build image': 'ABORTED']
        build.log.contains('ERROR: snapshot_data failed (exit code 5): no such file')
        build.artifacts['build_image.result.json'].contains('interrupted')
    }

    def 'after a refused gate nothing more runs'() {
        given:
        levels = levelsOf(['gate'], ['register'], ['release'])
        outcomes.gate = [[status: 'refused', error: 'auc 0.91 is below 0.95']]
        pipeline RUN

        expect:
        run().result == 'UNSTABLE'
        build.description == 'refused: auc 0.91 is below 0.95'
        build.stages == [Gate: 'UNSTABLE']
        requests('register').empty
    }

    def 'the description names the release that was cut'() {
        given:
        levels = levelsOf(['release'])
        outcomes.release = [[result: [release: 'f00d', uri: 's3://b/releases/f00d']]]
        pipeline RUN

        expect:
        run().description == 'release f00d'
    }

    def 'requests, results and stages are archived, and nothing of them stays in the workspace'() {
        given:
        levels = levelsOf(['train'])
        pipeline RUN

        expect:
        run().artifacts.keySet() == ['stages.json', 'train.request.json', 'train.result.json'] as Set
        new File(build.workspace, '.modelyard').list().toList() == []
    }

    def 'what was done is archived when a step fails'() {
        given:
        levels = levelsOf(['train'])
        outcomes.train = [[status: 'failed', exit_code: 7, error: 'ValueError']]
        pipeline RUN

        when:
        run()

        then:
        build.artifacts['train.result.json'].contains('ValueError')
    }

    def 'files that an earlier build left are not taken for this build\'s'() {
        given:
        levels = levelsOf(['train'])
        pipeline RUN
        new File(build.workspace, '.modelyard/jenkins-models-main-6').with {
            it.mkdirs()
            new File(it, 'train.result.json').text = 'old'
        }

        expect:
        run().artifacts.keySet() == ['stages.json', 'train.request.json', 'train.result.json'] as Set
        !build.artifacts['train.result.json'].contains('old')
    }

    @Unroll
    def 'the command is asked for the stages of #variables #given'() {
        given:
        levels = levelsOf(['validate'])
        pipeline "mlRun([${given}])"
        build.variables.putAll(variables)

        when:
        run()

        then:
        asked() == [configuration: 'modelyard.yaml', pr: null, branch: null, until: null, from: null] + expected

        where:
        variables                 | given                       | expected
        [:]                       | 'configuration: "a b.yaml"' | [configuration: 'a b.yaml']
        [BRANCH_NAME: 'main']     | 'until: "gate"'             | [branch: 'main', until: 'gate']
        [BRANCH_NAME: 'x$(id) y'] | 'from: "train"'             | [branch: 'x$(id) y', from: 'train']
        PULL_REQUEST              | 'from: "a", until: "b"'     | [branch: 'as/$x', pr: '12', from: 'a', until: 'b']
    }

    def 'the model repository may be a folder of what is checked out'() {
        given:
        levels = levelsOf(['validate'])
        pipeline 'mlRun([folder: "examples/tumour-byo"])'

        expect:
        run().result == 'SUCCESS'
        new File(build.workspace, 'examples/tumour-byo/.modelyard').directory
    }

    def 'it works on a node of the wanted kind only'() {
        given:
        levels = levelsOf(['validate'])
        pipeline 'mlRun([agent: "linux && large"])'

        expect:
        run().nodes == ['linux && large']
    }

    def 'settings and limits reach every step'() {
        given:
        levels = levelsOf(['validate'], ['train'])
        outcomes.train = [[status: 'failed', exit_code: 75, error: 'throttled']]
        pipeline 'mlRun([settings: ["a=1"], configuration: "other.yaml", attempts: 2, pause: 5])'

        expect:
        run().naps == [5]
        requests('validate')*.settings == [['a=1']]
        requests('train')*.configuration == ['other.yaml'] * 2
    }

    private Map asked() {
        stagesAsked().findAll { name, value -> !(name in ['command', 'json']) }
    }
}
