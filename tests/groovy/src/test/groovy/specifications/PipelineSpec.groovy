package specifications

import spock.lang.Unroll

/** The two declarative pipelines: the one in mlPipeline, and the repository's Jenkinsfile. */
class PipelineSpec extends Vars {
    static final Map<String, String> PIPELINES = [
        mlPipeline: 'mlPipeline()',
        Jenkinsfile: new File(REPOSITORY, 'Jenkinsfile').text,
    ]

    @Unroll
    def '#name runs the declared stages, as #library library'() {
        given:
        levels = [['validate'], ['train']]
        pipeline PIPELINES[name], library == 'an untrusted'

        expect:
        run().result == 'SUCCESS'
        build.stages == [Model: 'SUCCESS', Validate: 'SUCCESS', Train: 'SUCCESS']
        build.nodes == [''] * 4

        where:
        [name, library] << [PIPELINES.keySet(), ['an untrusted', 'a trusted']].combinations()
    }

    @Unroll
    def '#name passes on its parameters'() {
        given:
        levels = [['train']]
        pipeline PIPELINES[name]
        build.parameters.putAll([FROM: 'train', UNTIL: 'gate', SETTINGS: 'a=1 2\r\n\r\nb="$c"\n'])

        when:
        run()

        then:
        requests('train').first().settings == ['a=1 2', 'b="$c"']
        requests('stages').first().subMap(['from', 'until']) == [from: 'train', until: 'gate']

        where:
        name << PIPELINES.keySet()
    }

    @Unroll
    def '#name publishes what it came to, also when it was aborted'() {
        given:
        levels = [['train'], ['evaluate']]
        outcomes.train = [[waits_for: 'nothing']]
        pipeline PIPELINES[name]
        build.abortWhen = { new File(scripted, 'train.running').exists() }

        expect:
        run().result == 'ABORTED'
        requests('evaluate').empty
        with(requests('publish').first()) {
            result == 'ABORTED'
            outcomes*.status == ['interrupted', 'not_run']
        }

        where:
        name << PIPELINES.keySet()
    }

    def 'what `modelyard init` writes runs in the agent image, with the key of the tools account'() {
        given:
        levels = [['train']]
        outcomes.train = [[reads: ['AWS_ACCESS_KEY_ID']]]
        String[] lines = new File(REPOSITORY, 'agent/config/scaffold/Jenkinsfile').readLines()
        pipeline lines.last()
        putEngine(RUNS_HERE)
        build.variables.MODELYARD_AGENT_IMAGE = 'agent'
        build.credentials['modelyard-tools'] = [username: 'AKIA', password: 's3cret']

        expect:
        lines.first() == "@Library('modelyard') _"
        run().result == 'SUCCESS'
        build.nodes == ['docker'] * 3
        build.artifacts['train.result.json'].contains('AKIA')
    }

    def 'a refused model ends the pipeline as refused'() {
        given:
        levels = [['gate'], ['release']]
        outcomes.gate = [[status: 'refused', error: 'auc 0.91 is below 0.95']]
        pipeline PIPELINES.mlPipeline

        expect:
        run().result == 'UNSTABLE'
        requests('publish').first().subMap(['result']) == [result: 'UNSTABLE']
        requests('release').empty
    }

    def 'why a build was started reaches every stage and the records'() {
        given:
        levels = [['train']]
        pipeline PIPELINES.mlPipeline
        build.parameters.putAll([REASON: 'drift of age', ORIGIN: 'f00d'])

        when:
        run()

        then:
        (requests('train') + requests('publish'))*.run*.subMap(['reason', 'origin']) ==
            [[reason: 'drift of age', origin: 'f00d']] * 2
    }

    def 'models of one repository may be built side by side'() {
        given: 'a pipeline with two models, each of which goes on only when the other has begun'
        levels = [['train']]
        outcomes.train = [[waits_for: 'train.1.json'], [waits_for: 'train.0.json']]
        pipeline '''
            parallel([
                iris: { mlRun([folder: 'models/iris']) },
                tumour: { mlRun([folder: 'models/tumour']) },
                failFast: true,
            ])
        '''

        expect:
        run().result == 'SUCCESS'
        ['iris', 'tumour'].every { build.artifacts["${it}/train.result.json".toString()] }
    }

    def 'options are the parameters\' defaults'() {
        given:
        levels = [['train']]
        pipeline 'mlPipeline([until: "gate", settings: ["a=1"]])'
        build.parameters.SETTINGS = 'b=2'

        when:
        run()

        then:
        build.parameters.UNTIL == 'gate'
        requests('train').first().settings == ['a=1', 'b=2']
    }

    def 'the Jenkinsfile builds the example that was chosen'() {
        given:
        levels = [['train']]
        pipeline PIPELINES.Jenkinsfile
        build.parameters.EXAMPLE = 'iris-byo'

        expect:
        run().result == 'SUCCESS'
        new File(build.workspace, 'examples/iris-byo/.modelyard').directory
    }

    def 'the Jenkinsfile offers every example, the demo\'s first'() {
        given:
        levels = [['train']]
        pipeline PIPELINES.Jenkinsfile

        when:
        List choices = run().declared.find { it.name == 'EXAMPLE' }.choices

        then:
        choices.first() == 'tumour-byo'
        choices as Set == new File(REPOSITORY, 'examples').list({ folder, name ->
            new File(folder, "${name}/modelyard.yaml").file
        } as FilenameFilter) as Set
    }

    def 'unknown options fail before a node is taken'() {
        given:
        pipeline 'mlPipeline([untill: "gate"])'

        expect:
        run().result == 'FAILURE'
        build.nodes == []
        build.console.contains('ERROR: mlPipeline: unknown option untill; the options are: until, from, configuration, ')
    }
}
