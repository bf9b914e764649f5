package specifications

import org.codehaus.groovy.control.MultipleCompilationErrorsException
import spock.lang.Unroll

/** The controller of these tests is as strict as a real one was found to be; without that the others prove nothing. */
class ControllerSpec extends Vars {
    @Unroll
    def 'a script fails that #does'() {
        given:
        pipeline script, sandboxed

        expect:
        run().result == 'FAILURE'
        build.console.contains(message)

        where:
        does                                  | sandboxed | script                                                     | message
        'works on files outside of a node'    | true      | "writeFile(file: 'a', text: '')"                           | 'writeFile needs a node around it'
        'calls a step that there is not'      | true      | "stash(name: 'a')"                                         | "No such DSL method 'stash'"
        'gives a step what it does not take'  | true      | "echo(message: 'a', level: 1)"                             | 'echo: unknown parameter(s) [level]'
        'reads JSON that cannot be kept'      | true      | "readJSON(text: '{}')"                                     | 'readJSON without returnPojo'
        'assigns a variable without declaring'| true      | "a = 1"                                                    | 'variable a is not declared'
        'makes an object in the sandbox'      | true      | "new groovy.json.JsonSlurperClassic()"                     | 'not permitted to use new groovy.json.JsonSlurperClassic'
        'asks the system in the sandbox'      | true      | "System.getenv('HOME')"                                    | 'not permitted to use staticMethod java.lang.System getenv'
        'looks into a build in the sandbox'   | true      | "'a'.class.classLoader"                                    | 'not permitted to use property'
        'fails a command'                     | true      | "node('') { sh('exit 3') }"                                | 'script returned exit code 3'
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

    def 'withEnv expands its values, so no value of a user may go through it'() {
        given:
        pipeline '''node('') { withEnv(['A=$JOB_NAME']) { echo(env.A) } }'''

        expect:
        run().log == ['models/main']
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

    @Unroll
    def 'no declarative pipeline: #message'() {
        when:
        pipeline text

        then:
        MultipleCompilationErrorsException refusal = thrown()
        refusal.message.contains(message)

        where:
        text                                                                         | message
        declarative('stages { }\n').replace('agent none', '')                        | 'Missing required section "agent"'
        declarative('')                                                              | 'Missing required section "stages"'
        declarative(STAGES) + '\n' + declarative(STAGES)                             | 'Only one pipeline'
        declarative(STAGES + STAGES)                                                 | 'Multiple occurrences of the stages section'
        declarative("${STAGES}\npost { later {\necho 'x'\n} }")                    | 'Invalid post condition "later"'
        declarative("stages {\nstage('a') { }\n}")                                   | 'Expected one of "steps"'
        declarative("stages {\nstage('a') {\nsteps {\ndef a = 1\n}\n}\n}")           | 'Expected a step or a section'
        declarative("stages {\nstage('a') {\nagent any steps { echo 'x' }\n}\n}")    | 'Expected'
        declarative("parameters { number(name: 'A') }\n${STAGES}")                   | 'Invalid parameter type "number"'
        declarative("parameters { string(name: 'A', kind: 'x') }\n${STAGES}")        | 'Invalid argument of string "kind"'
        'def options = [:]\n' + declarative(STAGES)                                  | 'a variable cannot be named options'
        "void call(Map options) {\n${declarative(STAGES)}\n}"                        | 'a parameter cannot be named options'
    }

    private static final String STAGES = "stages {\nstage('a') {\nsteps {\necho 'x'\n}\n}\n}\n"

    private static String declarative(String sections) {
        "pipeline {\nagent none\n${sections}\n}"
    }
}
