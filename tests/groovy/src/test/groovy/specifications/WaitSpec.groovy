package specifications

import spock.lang.Unroll

/** mlWait: long work on AWS holds no executor, and is never lost. */
class WaitSpec extends Vars {
    private static final Map WAITING = [status: 'waiting', pause: 20, progress: 'training job x: InProgress', state: [at: 1]]

    def 'visits are short and apart, and what one learnt goes to the next'() {
        given:
        outcomes.train = [WAITING, WAITING + [pause: 45, state: [at: 2]], [result: [job: 'x']]]
        pipeline 'echo("${mlWait("train").result.job}")'

        expect:
        run().result == 'SUCCESS'
        build.log.contains('x')
        build.nodes.size() == 3
        build.naps == [20, 45]
        requests('train')*.state == [[:], [at: 1], [at: 2]]
        requests('train')*.wait_seconds == [10] * 3
        build.log.contains('training job x: InProgress; next look in 20 s')
    }

    def 'no node is held while it naps'() {
        given:
        outcomes.train = [WAITING, [:]]
        pipeline 'mlWait("train")'

        expect:
        run().result == 'SUCCESS'
        build.calls.findAll { it.step == 'sleep' }*.node == [null]
        build.calls.findAll { it.step == 'sh' }.every { it.node }
    }

    def 'what the job wrote appears as it comes'() {
        given:
        outcomes.train = [WAITING + [says: ['epoch 1']], WAITING + [says: ['epoch 2']], [says: ['epoch 3']]]
        pipeline 'mlWait("train")'

        expect:
        run().log.findAll { it.startsWith('epoch') } == ['epoch 1', 'epoch 2', 'epoch 3']
    }

    def 'a refused model is answered, a failure is an error'() {
        given:
        outcomes.gate = [WAITING, [status: 'refused', error: 'auc 0.9']]
        outcomes.train = [WAITING, [status: 'failed', exit_code: 7, error: 'ValueError']]
        pipeline '''
            echo("gate ${mlWait('gate').status}")
            mlWait('train')
        '''

        expect:
        run().result == 'FAILURE'
        build.log.contains('gate refused')
        build.log.contains('ERROR: train failed (exit code 7): ValueError')
    }

    def 'what fails temporarily is visited again, with what was known before'() {
        given:
        Map throttled = [status: 'failed', exit_code: 75, error: 'throttled']
        outcomes.train = [WAITING, throttled, throttled, WAITING, throttled, [:]]
        pipeline 'mlWait("train")'

        expect:
        run().result == 'SUCCESS'
        build.naps == [20, 30, 60, 20, 30]
        requests('train')*.state == [[:]] + [[at: 1]] * 5
    }

    @Unroll
    def 'exit code #code is tried #tries times'() {
        given:
        outcomes.train = [[status: 'failed', exit_code: code, error: 'no']]
        pipeline 'mlWait("train", [attempts: 3])'

        expect:
        run().result == 'FAILURE'
        requests('train').size() == tries

        where:
        code | tries
        75   | 3
        2    | 1
        4    | 1
        5    | 1
        6    | 1
        7    | 1
        70   | 1
    }

    def 'aborted during a nap, one more visit ends what runs on AWS'() {
        given:
        outcomes.train = [WAITING, [status: 'interrupted', exit_code: 130, error: 'aborted']]
        pipeline 'mlWait("train")'
        build.abortWhen = { build.naps }

        expect:
        run().result == 'ABORTED'
        requests('train')*.interrupted == [null, true]
        requests('train').last().state == [at: 1]
    }

    def 'it ends what runs on AWS even when it is interrupted while it does'() {
        given:
        outcomes.train = [WAITING, [waits_for: 'nothing'], [status: 'interrupted', exit_code: 130, error: 'aborted']]
        pipeline 'mlWait("train")'
        build.abortAt = { step -> step == 'sleep' }
        build.abortWhen = { new File(scripted, 'train.running').exists() }

        expect:
        run().result == 'ABORTED'
        requests('train')*.interrupted == [null, true, true]
    }

    def 'a step that takes too long is given up, and what runs on AWS put in order'() {
        given:
        outcomes.train = [WAITING + [pause: 200]]
        pipeline 'mlWait("train", [timeout: 5])'

        expect:
        run().result == 'ABORTED'
        requests('train')*.interrupted == [null, null, true]
    }

    def 'aborted during a visit, the process ends it itself'() {
        given:
        outcomes.train = [[waits_for: 'nothing']]
        pipeline 'mlWait("train")'
        build.abortWhen = { new File(scripted, 'train.running').exists() }

        expect:
        run().result == 'ABORTED'
        requests('train').size() == 1
        build.artifacts['train.result.json'].contains('interrupted')
    }

    def 'after a restart of the controller during a nap it goes on where it was'() {
        given:
        outcomes.train = [WAITING, WAITING + [state: [at: 2]], [:]]
        pipeline 'mlWait("train")'
        build.restartAfter = { step -> step == 'sleep' }

        expect:
        run().result == 'SUCCESS'
        build.restarts == 2
        requests('train')*.state == [[:], [at: 1], [at: 2]]
    }

    def 'a visit whose node is lost is made again on another one'() {
        given:
        outcomes.train = [WAITING, [waits_for: 'nothing'], [:]]
        pipeline 'mlWait("train")'
        build.freshWorkspaces = true
        build.loseAgentWhen = { new File(scripted, 'train.running').exists() }

        expect:
        run().result == 'SUCCESS'
        requests('train')*.state == [[:], [at: 1], [at: 1]]
    }
}
