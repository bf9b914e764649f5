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
        levels = levelsOf(['validate'], ['train'])
        pipeline PIPELINES[name], library == 'an untrusted'

        expect:
        run().result == 'SUCCESS'
        build.stages == [Model: 'SUCCESS', Validate: 'SUCCESS', Train: 'SUCCESS']
        build.nodes == ['']

        where:
        [name, library] << [PIPELINES.keySet(), ['an untrusted', 'a trusted']].combinations()
    }

    @Unroll
    def '#name passes on its parameters'() {
        given:
        levels = levelsOf(['train'])
        pipeline PIPELINES[name]
        build.parameters.putAll([FROM: 'train', UNTIL: 'gate', SETTINGS: 'a=1 2\r\n\r\nb="$c"\n'])

        when:
        run()

        then:
        requests('train').first().settings == ['a=1 2', 'b="$c"']
        with(stagesAsked()) {
            it.from == 'train'
            it.until == 'gate'
        }

        where:
        name << PIPELINES.keySet()
    }

    @Unroll
    def '#name says that it was interrupted'() {
        given:
        levels = levelsOf(['train'], ['evaluate'])
        outcomes.train = [[waits_for: 'nothing']]
        pipeline PIPELINES[name]
        build.abortWhen = { new File(scripted, 'train.running').exists() }

        expect:
        run().result == 'ABORTED'
        build.description == 'interrupted'
        build.artifacts['train.result.json'].contains('interrupted')
        requests('evaluate').empty

        where:
        name << PIPELINES.keySet()
    }

    def 'a refused model ends the pipeline as refused'() {
        given:
        levels = levelsOf(['gate'], ['release'])
        outcomes.gate = [[status: 'refused', error: 'auc 0.91 is below 0.95']]
        pipeline PIPELINES.mlPipeline

        expect:
        run().result == 'UNSTABLE'
        build.description == 'refused: auc 0.91 is below 0.95'
    }

    def 'options are the parameters\' defaults'() {
        given:
        levels = levelsOf(['train'])
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
        levels = levelsOf(['train'])
        pipeline PIPELINES.Jenkinsfile
        build.parameters.EXAMPLE = 'iris-byo'

        expect:
        run().result == 'SUCCESS'
        new File(build.workspace, 'examples/iris-byo/.modelyard').directory
    }

    def 'the Jenkinsfile offers every example, the demo\'s first'() {
        given:
        levels = levelsOf(['train'])
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
        build.log.contains('ERROR: mlPipeline: unknown option untill; the options are: agent, folder, until, from, ' +
            'configuration, settings, attempts, pause, mode, image, network, environment')
    }
}
