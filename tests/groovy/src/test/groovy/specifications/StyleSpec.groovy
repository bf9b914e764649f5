package specifications

import org.codenarc.analyzer.StringSourceAnalyzer
import org.codenarc.ruleset.ListRuleSet
import org.codenarc.ruleset.RuleSet
import org.codenarc.ruleset.RuleSetUtil
import rules.PlainClosureRule
import rules.ThinRule
import spock.lang.Specification
import spock.lang.Unroll

/** CodeNarc on all that runs on a controller. */
class StyleSpec extends Specification {
    static final int LINES = 100
    static final List<File> VARS = new File(Vars.REPOSITORY, 'vars').listFiles().findAll { it.name.endsWith('.groovy') }

    @Unroll
    def 'no violations in #file.name'() {
        when:
        List<String> violations = told(file.text, RuleSetUtil.loadRuleSetFile('codenarc.groovy'))

        then:
        violations == []

        where:
        file << VARS + [new File(Vars.REPOSITORY, 'Jenkinsfile')]
    }

    def 'what makes the jobs is Groovy'() {
        when:
        new GroovyShell().parse(new File(Vars.REPOSITORY, 'docker/jenkins/jobs.groovy'))

        then:
        noExceptionThrown()
    }

    @Unroll
    def '#file.name has little code'() {
        when:
        int lines = code(file).size()

        then:
        lines <= LINES

        where:
        file << VARS
    }

    @Unroll
    def '#rule.name finds #text'() {
        expect:
        told(text, new ListRuleSet([rule])).size() == 1

        where:
        rule                                | text
        new ThinRule()                      | "boolean a = 'x' =~ 'y'"
        new ThinRule()                      | "boolean a = 'x' ==~ 'y'"
        new ThinRule()                      | "Object a = ~'y'"
        new ThinRule()                      | 'Object a = new Date()'
        new ThinRule()                      | 'sh("modelyard ${step}")'
        new ThinRule()                      | 'sh(script: "modelyard ${step}", returnStatus: true)'
        new ThinRule()                      | "sh(script: 'modelyard ' + step)"
        new PlainClosureRule()              | '[2, 1].sort { a, b -> a <=> b }'
        new PlainClosureRule()              | '[2, 1].unique { it }'
    }

    @Unroll
    def '#rule.name lets #text be'() {
        expect:
        told(text, new ListRuleSet([rule])) == []

        where:
        rule                                | text
        new ThinRule()                      | "sh(script: 'modelyard \"\$ML_STEP\"', label: \"modelyard \${step}\")"
        new PlainClosureRule()              | '[2, 1].collect { it + 1 }'
        new PlainClosureRule()              | 'sleep { true }'
    }

    private static List<String> told(String text, RuleSet rules) {
        new StringSourceAnalyzer(text).analyze(rules).violations.collect {
            "${it.rule.name} in line ${it.lineNumber}: ${it.message ?: ''} ${it.sourceLine}"
        }
    }

    /** Lines that are neither empty nor comment. */
    private static List<String> code(File var) {
        var.text.replaceAll(/(?s)\/\*.*?\*\//, '').readLines().findAll { it.trim() && !it.trim().startsWith('//') }
    }
}
