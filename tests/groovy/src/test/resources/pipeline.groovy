/* Runs what DeclarativePipeline made of a `pipeline { }`, in the order in which a controller does. */

void call(Map model) {
    for (Map parameter in model.parameters) {
        currentBuild.declare(parameter)
    }
    Throwable failure = null
    try {
        onAgent(model.agent) {
            for (Map declared in model.stages) {
                runStage(declared)
            }
        }
    } catch (Throwable thrown) {
        failure = thrown
        currentBuild.note(thrown)
    }
    afterwards(model.post)
    if (failure) {
        throw failure
    }
}

void runStage(Map declared) {
    stage(declared.name) {
        onAgent(declared.agent) {
            declared.steps.call()
        }
    }
}

/** An agent brings a checkout; `none` and no agent at all bring nothing. */
void onAgent(String label, Closure work) {
    if (label == null) {
        work.call()
    } else {
        node(label) {
            checkout(scm)
            work.call()
        }
    }
}

void afterwards(Map post) {
    String result = currentBuild.currentResult
    Map holds = [
        always: true,
        aborted: result == 'ABORTED',
        failure: result == 'FAILURE',
        success: result == 'SUCCESS',
        unstable: result == 'UNSTABLE',
        unsuccessful: result != 'SUCCESS',
        cleanup: true,
    ]
    for (String condition in holds.keySet().toList()) {
        if (holds[condition] && post.containsKey(condition)) {
            post[condition].call()
        }
    }
}
