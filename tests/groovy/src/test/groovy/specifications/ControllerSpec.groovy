package specifications

import spock.lang.Unroll

/** The controller of these tests is as strict as a real one was found to be; without that the others prove nothing. */
class ControllerSpec extends Vars {
    @Unroll
    def 'a script fails that #does'() {
        given:
        pipeline script

        expect:
        run().result == 'FAILURE'
        build.console.contains(message)

        where:
        does                          | script                           | message
        'writes files without a node' | "writeFile(file: 'a', text: '')" | 'writeFile needs a node around it'
        'calls a step that is not'    | "bat('dir')"                     | "No such DSL method 'bat'"
        'gives a step too much'       | "sleep(time: 1, level: 1)"       | 'sleep: unknown parameter(s) [level]'
        'gives a step a wrong type'   | "sleep(time: 'soon')"            | 'sleep.time expects class java.lang.Long'
        'gives a step a wrong unit'   | "sleep(time: 1, unit: 'SECOND')" | 'no enum constant SECOND'
        'reads JSON that cannot stay' | "readJSON(text: '{}')"           | 'readJSON without returnPojo'
        'declares no variable'        | 'a = 1'                          | 'variable a is not declared'
        'fails a command'             | "node('') { sh('exit 3') }"      | 'script returned exit code 3'
        'makes an object'             | 'new java.util.regex.Pattern()'  | 'not permitted to use new java.util.regex'
        'asks the system'             | "System.getenv('HOME')"          | 'not permitted to use staticMethod'
        'looks into a class'          | "'a'.class.classLoader"          | 'not permitted to use property'
    }

    @Unroll
    def 'nothing may be held across a step that cannot be written out: #script'() {
        when:
        pipeline(script, false).run()

        then:
        thrown(NotSerializableException)

        where:
        script << [
            "def matcher = 'a' =~ 'a'; echo 'x'; matcher.find()",
            "def keys = new TreeMap(a: 1).keySet().iterator(); echo 'x'; keys.next()",
            "def value = new groovy.json.JsonSlurper().parseText('{}'); echo 'x'; value.size()",
        ]
    }

    def 'JSON is read in order, with numbers and texts as json-lib has them'() {
        given:
        pipeline """
            Map read = readJSON(text: env.TEXT, returnPojo: true)
            echo(read.keySet().join(','))
            echo(groovy.json.JsonOutput.toJson(read))
        """
        build.variables.TEXT = '{"z": 0.10, "a": [1, 3000000000, null, "null", "[1]", "\\"q\\""], "m": {"k": 1e-5}}'

        expect:
        run().log == ['z,a,m', '{"z":0.1,"a":[1,3000000000,null,"null","[1]","\\"q\\""],"m":{"k":1.0E-5}}']
    }

    def 'withEnv expands its values, so no value of a user may go through it'() {
        given:
        pipeline '''node('') { withEnv(['A=$JOB_NAME']) { echo(env.A) } }'''

        expect:
        run().log == ['models/main']
    }

    def 'withEnv unsets what it sets to nothing, for steps and processes'() {
        given:
        pipeline '''node('') { withEnv(['A=']) { echo("${env.A}"); sh('echo "${A-unset}"') } }'''
        build.variables.A = 'outside'

        expect:
        run().log.containsAll(['null', 'unset'])
    }

    def 'a result only becomes worse'() {
        given:
        pipeline "currentBuild.result = 'UNSTABLE'; currentBuild.result = 'SUCCESS'"

        expect:
        run().result == 'UNSTABLE'
    }

    def 'a retry ends with its last failure, and an interruption is none'() {
        given:
        pipeline "int n = 0; retry(3) { n++; echo(n.toString()); error('no ' + n) }"

        expect:
        run().result == 'FAILURE'
        build.log.findAll { it ==~ /\d/ } == ['1', '2', '3']
        build.log.last() == 'ERROR: no 3'
    }
}
