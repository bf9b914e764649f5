/* Runs one step without holding an executor while AWS works: short visits to nodes, and naps between them.

   Map trained = mlWait('train', [results: results])

   Stands outside `node`. Any node may take the next visit, which adopts what runs, and shows what its log has got since
   the last one; so a restarted controller or a lost node changes nothing. When the build is aborted during a nap, one
   more visit stops the job, or leaves it, as configured. Answers as mlStep does. */

import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** Every option; mlWait.txt and docs/reference/vars.md are made of this. */
Map declaredOptions() {
    mlStep.declaredOptions() + mlNode.declaredOptions() + [
        patience: [type: 'number', fallback: 10, about: 'Seconds that a visit may wait before it frees the node.'],
        timeout: [type: 'number', fallback: 2880, about: 'Minutes after which the step is given up.'],
    ]
}

/** mlWait('train', results: [...]) */
Map call(Map config, String step) {
    call(config + [step: step])
}

/** mlWait('train') and mlWait('train', [...]) */
Map call(String step, Map config = [:]) {
    call(config + [step: step])
}

/** mlWait(step: 'train', results: [...]) */
Map call(Map config) {
    Map outcome = watch(config)
    mlStep.conclude(outcome)
    outcome
}

/** @return the outcome, whatever it is */
Map watch(Map config) {
    Map chosen = mlCheckOptions('mlWait', declaredOptions(), config)
    Map wait = [outcome: [status: 'waiting', pause: 0, state: [:]], tries: 1, inside: false]
    try {
        timeout(time: chosen.timeout, unit: 'MINUTES') {
            while (wait.outcome.status == 'waiting') {
                nap(wait.outcome)
                look(chosen, wait)
            }
        }
    } finally {
        // Not within the time limit, which leaves a minute. A process that was told to end has put it in order itself.
        if (wait.outcome.status == 'waiting' && !wait.inside) {
            leave(chosen, wait.outcome, 3)
        }
    }
    wait.outcome
}

private void nap(Map outcome) {
    if (outcome.pause > 0) {
        echo("${outcome.progress}; next look in ${outcome.pause} s")
        sleep(time: outcome.pause, unit: 'SECONDS')
    }
}

/** One visit. What fails temporarily is visited again, after twice as long each time. */
private void look(Map chosen, Map wait) {
    Map found = visit(chosen, wait, [wait_seconds: chosen.patience, state: wait.outcome.state])
    boolean temporary = found.exit_code == 75
    if (temporary && wait.tries < chosen.attempts) {
        int pause = chosen.pause
        for (int i = 1; i < wait.tries; i++) {
            pause = pause * 2
        }
        wait.tries = wait.tries + 1
        wait.outcome = wait.outcome + [pause: pause, progress: found.error]
    } else {
        wait.tries = temporary ? wait.tries : 1
        wait.outcome = found
    }
}

private Map visit(Map chosen, Map wait, Map more) {
    mlNode.take(chosen) {
        wait.inside = true
        Map found = mlStep.visit(chosen, more)
        wait.inside = false
        found
    }
}

/** Whatever runs on AWS for a build that is over is stopped or left. What ends the build may come again meanwhile. */
private void leave(Map chosen, Map outcome, int tries) {
    try {
        timeout(time: 15, unit: 'MINUTES') {
            visit(chosen, [:], [interrupted: true, state: outcome.state])
        }
    } catch (FlowInterruptedException again) {
        if (tries == 1) {
            throw again
        }
        leave(chosen, outcome, tries - 1)
    }
}
