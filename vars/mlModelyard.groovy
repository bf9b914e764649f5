/* Runs one command of modelyard on the current node, where the options say: on the node itself or in the agent image.

   Map answer = mlModelyard(chosen, 'step', 'train', [step: 'train', ...])

   For the other vars; Jenkinsfiles have no use for it. */

import groovy.json.JsonOutput

/** Where modelyard runs, and what it may know there; for the options of other vars. */
Map declaredOptions() {
    [
        mode: [type: 'text', fallback: 'host', among: ['host', 'docker', 'kubernetes'],
            about: 'Where steps run: host is modelyard on PATH, docker the agent image, kubernetes a pod with it.'],
        image: [type: 'text', fallback: '',
            about: 'Agent image; empty for the one in the variable MODELYARD_AGENT_IMAGE.'],
        network: [type: 'text', fallback: '', about: 'Network of its containers; empty for the engine\'s default.'],
        environment: [type: 'list', fallback: [], about: 'Names of further variables that its containers may know.'],
        credentials: [type: 'text', fallback: '',
            about: 'Jenkins credentials (user name and password) with an access key of the tools account; ' +
                'empty where node or pod have an identity of their own.'],
        role: [type: 'text', fallback: '',
            about: 'ARN of a role; credentials are then no access key but an OpenID Connect id token (file) for it.'],
    ]
}

/**
 * Values come and go in files, whose names alone stand on the command line.
 * @param place a value for each of the options
 * @param name what the files are called
 * @return what the command wrote, with `ended`, its exit code; only that where it wrote nothing
 */
Map call(Map place, String command, String name, Map request) {
    String file = "${folder()}/${name}"
    writeFile(file: "${file}.request.json", encoding: 'UTF-8', text: JsonOutput.toJson(request))
    List told = ["ML_MODE=${place.mode}", "ML_IMAGE=${place.image}", "ML_NETWORK=${place.network}",
        "ML_ENVIRONMENT=${place.environment.join(' ')}", "ML_COMMAND=${command}", "ML_NAME=${name}",
        "ML_STEP=${request.step ?: ''}", "ML_REQUEST=${file}.request.json", "ML_RESULT=${file}.result.json"]
    String script = libraryResource('modelyard/run.sh')
    String shown = command == name ? command : "${command} ${name}"
    int code = identified(place.credentials, place.role) {
        withEnv(told) {
            sh(label: "modelyard ${shown}", script: script, returnStatus: true)
        }
    }
    Map answer = [:]
    if (fileExists("${file}.result.json")) {
        answer = readJSON(text: readFile(file: "${file}.result.json", encoding: 'UTF-8'), returnPojo: true)
    }
    answer + [ended: code]
}

/** @return what a command wrote that asks for nothing but an answer of that contract; anything else is an error */
Map ask(Map place, String command, Map request, int contract) {
    Map answer = call(place, command, command, request)
    if (answer.ended != 0) {
        error("modelyard ${command} ended with exit code ${answer.ended}; its messages are above")
    }
    if (answer.contract != contract) {
        error("modelyard ${command} speaks contract ${answer.contract}, these vars ${contract}: take both of a release")
    }
    answer
}

/** Where the files are, from the current folder; ML_MODEL keeps models of one build apart. */
String folder() {
    ".modelyard/${env.BUILD_TAG}${env.ML_MODEL ?: ''}"
}

/** Only this one process gets to know the access key, or the token; it assumes its roles itself. */
private Object identified(String credentials, String role, Closure body) {
    if (!credentials) {
        return body()
    }
    if (role) {
        return withCredentials([file(credentialsId: credentials, variable: 'AWS_WEB_IDENTITY_TOKEN_FILE')]) {
            withEnv(["AWS_ROLE_ARN=${role}"]) {
                body()
            }
        }
    }
    withCredentials([usernamePassword(
        credentialsId: credentials,
        usernameVariable: 'AWS_ACCESS_KEY_ID',
        passwordVariable: 'AWS_SECRET_ACCESS_KEY'
    )]) {
        body()
    }
}
