/* Runs one command of modelyard on the current node, where the options say: on the node itself or in the agent image.

   int code = mlModelyard(chosen, 'step train', ['ML_COMMAND=step', 'ML_STEP=train', ...])

   For the other vars; Jenkinsfiles have no use for it. */

/** Where modelyard runs, and what it may know there; for the options of other vars. */
Map declaredOptions() {
    [
        mode: [type: 'text', fallback: 'host', among: ['host', 'docker'],
            about: 'Where steps run: host is modelyard on PATH, docker the agent image.'],
        image: [type: 'text', fallback: '',
            about: 'Agent image of the mode docker; empty for the one in the node\'s MODELYARD_AGENT_IMAGE.'],
        network: [type: 'text', fallback: '', about: 'Network of its containers; empty for the engine\'s default.'],
        environment: [type: 'list', fallback: [], about: 'Names of further variables that its containers may know.'],
    ]
}

/**
 * @param place a value for each of the options
 * @param command what people are shown
 * @param variables what resources/modelyard/run.sh is told, NAME=value
 * @param asked whether the answer is what the command prints, and its failure an error; else its exit code
 */
Object call(Map place, String command, List variables, boolean asked = false) {
    List where = ["ML_MODE=${place.mode}", "ML_IMAGE=${place.image}", "ML_NETWORK=${place.network}",
        "ML_ENVIRONMENT=${place.environment.join(' ')}"]
    withEnv(where + variables) {
        String script = libraryResource('modelyard/run.sh')
        sh(label: "modelyard ${command}", script: script, returnStatus: !asked, returnStdout: asked)
    }
}
