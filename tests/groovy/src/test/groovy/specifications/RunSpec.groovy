package specifications

import spock.lang.Unroll

/** mlRun: the stages that `modelyard stages` declares, one level after the other. */
class RunSpec extends Vars {
    private static final String RUN = 'mlRun([pause: 1])'
    private static final Map PULL_REQUEST = [BRANCH_NAME: 'PR-12', CHANGE_ID: '12', CHANGE_BRANCH: 'as/$x']

    def 'stages run level after level, as they are declared'() {
        given:
        levels = [['validate'], ['snapshot_data', 'build_image'], ['train']]
        pipeline RUN

        expect:
        run().result == 'SUCCESS'
        build.stages == [Validate: 'SUCCESS', 'Snapshot data': 'SUCCESS', 'Build image': 'SUCCESS', Train: 'SUCCESS']
    }

    def 'each step gets the results of all earlier levels, as they came'() {
        given:
        levels = [['validate'], ['snapshot_data', 'build_image'], ['train']]
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
        levels = [['snapshot_data', 'build_image']]
        outcomes.snapshot_data = [[waits_for: 'build_image.running']]
        outcomes.build_image = [[waits_for: 'snapshot_data.running']]
        pipeline RUN

        expect:
        run().result == 'SUCCESS'
    }

    def 'a failure ends its neighbour and the run'() {
        given:
        levels = [['snapshot_data', 'build_image'], ['train']]
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
        levels = [['gate'], ['register'], ['release']]
        outcomes.gate = [[status: 'refused', error: 'auc 0.91 is below 0.95']]
        pipeline RUN

        expect:
        run().result == 'UNSTABLE'
        build.description == 'refused: auc 0.91 is below 0.95'
        build.stages == [Gate: 'UNSTABLE']
        requests('register').empty
    }

    def 'what every stage came to is told, also of a build that fails'() {
        given:
        levels = [['train'], ['evaluate'], ['gate']]
        outcomes.train = [[result: [job: 'j']]]
        outcomes.evaluate = [[status: 'failed', exit_code: 7, error: 'ValueError']]
        pipeline '''
            List outcomes = []
            try {
                mlRun([:], outcomes)
            } finally {
                for (Map outcome in outcomes) {
                    echo("${outcome.stage} ${outcome.title} ${outcome.status} ${outcome.result}")
                }
            }
        '''

        expect:
        run().result == 'FAILURE'
        build.log.containsAll(['train Train done [job:j]', 'evaluate Evaluate failed [:]'])
    }

    def 'results are answered by stage'() {
        given:
        groups = [group([['deploy']]), group([['promote-qa'], ['check_endpoint-qa']])]
        outcomes['promote-qa'] = [[result: [release: 'f00d']]]
        pipeline 'echo("${mlRun().keySet()}")'

        expect:
        run().log.contains('[deploy, promote-qa, check_endpoint-qa]')
        requests('promote-qa').first().subMap(['step', 'stage']) == [step: 'promote', stage: 'promote-qa']
        requests('check_endpoint-qa').first().results == [deploy: [:], 'promote-qa': [release: 'f00d']]
    }

    def 'inputs go to their stages only'() {
        given:
        levels = [['promote'], ['check_endpoint']]
        pipeline "mlRun([action: 'promote', to: 'prod', inputs: [promote: [release: 'f00d']]])"

        when:
        run()

        then:
        requests('promote').first().inputs == [release: 'f00d']
        requests('check_endpoint').first().inputs == [:]
        requests('stages').first().subMap(['action', 'to']) == [action: 'promote', to: 'prod']
    }

    def 'stages that change an environment have it for themselves, the newest build last'() {
        given:
        groups = [
            group([['release']]),
            group([['deploy'], ['check_endpoint']], environment: 'dev', lock: 'modelyard tumour dev', milestone: 1),
            group([['promote-qa']], environment: 'qa', lock: 'modelyard tumour qa', milestone: 2),
        ]
        pipeline 'mlRun()'

        expect:
        run().result == 'SUCCESS'
        build.locks*.resource == ['modelyard tumour dev', 'modelyard tumour qa']
        build.milestones*.ordinal == [1, 2]
    }

    def 'a build that a newer one has overtaken deploys nothing'() {
        given:
        groups = [group([['train']]), group([['deploy']], lock: 'modelyard tumour dev', milestone: 1)]
        pipeline 'mlRun()'
        build.newerPassed = { 1 }

        expect:
        run().result == 'NOT_BUILT'
        requests('train').size() == 1
        requests('deploy').empty
    }

    def 'a newer build of a pull request ends the older ones'() {
        given:
        supersedes = true
        groups = [group([['train']]), group([['preview']], lock: 'modelyard tumour pull request 12', milestone: 1)]
        pipeline 'mlRun()'
        build.variables.BUILD_NUMBER = '7'

        expect:
        run().result == 'SUCCESS'
        build.milestones*.ordinal == [6, 7]
        build.locks*.resource == ['modelyard tumour pull request 12']
    }

    def 'a stage that takes too long is ended'() {
        given:
        groups = [group([['train']])]
        groups[0].levels[0][0].timeout = 5
        outcomes.train = [[status: 'waiting', pause: 200, progress: 'InProgress', state: [:]]]
        pipeline 'mlRun()'

        expect:
        run().result == 'ABORTED'
        requests('train').size() == 3
        requests('train').last().interrupted
    }

    def 'requests, results and stages are archived, and nothing of them stays in the workspace'() {
        given:
        levels = [['train']]
        pipeline RUN

        expect:
        run().artifacts.keySet() == ['stages.request.json', 'stages.result.json', 'train.request.json',
            'train.result.json'] as Set
        new File(build.workspace, '.modelyard').list().toList() == []
    }

    def 'what was done is archived when a step fails'() {
        given:
        levels = [['train']]
        outcomes.train = [[status: 'failed', exit_code: 7, error: 'ValueError']]
        pipeline RUN

        when:
        run()

        then:
        build.artifacts['train.result.json'].contains('ValueError')
    }

    def 'files that an earlier build left are not taken for this build\'s'() {
        given:
        levels = [['train']]
        pipeline RUN
        new File(build.workspace, '.modelyard/jenkins-models-main-6').with {
            it.mkdirs()
            new File(it, 'train.result.json').text = 'old'
        }

        expect:
        run().artifacts.keySet() == ['stages.request.json', 'stages.result.json', 'train.request.json',
            'train.result.json'] as Set
        !build.artifacts['train.result.json'].contains('old')
    }

    @Unroll
    def 'the command is asked for the stages of #variables #given'() {
        given:
        levels = [['validate']]
        pipeline "mlRun([${given}])"
        build.variables.putAll(variables)

        when:
        run()
        Map asked = requests('stages').first()

        then:
        asked.run.subMap(['branch', 'tag', 'pull_request']) == [branch: '', tag: '', pull_request: null] + whose
        asked.subMap(['configuration', 'settings', 'until', 'from', 'action']) ==
            [configuration: 'modelyard.yaml', settings: [], until: '', from: '', action: 'run'] + what

        where:
        variables                           | given                       | whose                               | what
        [:]                                 | 'configuration: "a b.yaml"' | [:]                                 | [configuration: 'a b.yaml']
        [BRANCH_NAME: 'main']               | 'until: "gate"'             | [branch: 'main']                    | [until: 'gate']
        [BRANCH_NAME: 'x$(id) y']           | 'from: "train"'             | [branch: 'x$(id) y']                | [from: 'train']
        [BRANCH_NAME: 'v1', TAG_NAME: 'v1'] | 'settings: ["a=1"]'         | [branch: 'v1', tag: 'v1']           | [settings: ['a=1']]
        PULL_REQUEST                        | ':'                         | [branch: 'as/$x', pull_request: 12] | [:]
    }

    def 'a modelyard that does not know these vars is told apart'() {
        given:
        levels = [['validate']]
        pipeline 'mlRun()'
        stagesContract = 1

        expect:
        run().result == 'FAILURE'
        build.log.contains('ERROR: modelyard stages speaks contract 1, these vars 2: take both of a release')
    }

    def 'the model repository may be a folder of what is checked out'() {
        given:
        levels = [['validate']]
        pipeline 'mlRun([folder: "examples/tumour-byo"])'

        expect:
        run().result == 'SUCCESS'
        new File(build.workspace, 'examples/tumour-byo/.modelyard').directory
    }

    def 'it works on a node of the wanted kind only'() {
        given:
        levels = [['validate']]
        pipeline 'mlRun([agent: "linux && large"])'

        expect:
        run().nodes == ['linux && large'] * 2
    }

    def 'settings and limits reach every step'() {
        given:
        levels = [['validate'], ['train']]
        outcomes.train = [[status: 'failed', exit_code: 75, error: 'throttled']]
        pipeline 'mlRun([settings: ["a=1"], configuration: "other.yaml", attempts: 2, pause: 5])'

        expect:
        run().naps == [5]
        requests('validate')*.settings == [['a=1']]
        requests('train')*.configuration == ['other.yaml'] * 2
    }
}
