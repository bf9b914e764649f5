package specifications

/** A controller may restart at any moment: all that is left then is the file that the program was written to. */
class RestartSpec extends Vars {
    def setup() {
        levels = [['snapshot_data', 'build_image'], ['train']]
        outcomes.snapshot_data = [[result: [files: 3]]]
        pipeline 'mlPipeline()'
    }

    def 'a restart while a step runs neither loses nor repeats it'() {
        given:
        outcomes.train = [[waits_for: 'restarted', result: [job: 'j']]]
        build.restartAfter = { step ->
            boolean due = step == 'sh' && requests('snapshot_data') && requests('build_image')
            due && new File(scripted, 'restarted').createNewFile()
        }

        expect:
        run().result == 'SUCCESS'
        build.restarts == 1
        requests('train').size() == 1
        requests('train').first().results.snapshot_data == [files: 3]
    }

    def 'a restart after every single step changes nothing'() {
        given:
        outcomes.train = [[status: 'failed', exit_code: 75, error: 'throttled'], [status: 'done']]
        build.restartAfter = { true }

        expect:
        run().result == 'SUCCESS'
        build.restarts > 30
        requests('train').size() == 2
        build.stages == [Model: 'SUCCESS', 'Snapshot data': 'SUCCESS', 'Build image': 'SUCCESS', Train: 'SUCCESS']
    }
}
