package specifications

import org.codenarc.analyzer.FilesystemSourceAnalyzer
import org.codenarc.analyzer.StringSourceAnalyzer
import org.codenarc.results.Results
import org.codenarc.rule.Rule
import org.codenarc.ruleset.ListRuleSet
import org.codenarc.ruleset.RuleSetUtil
import rules.PlainClosureRule
import rules.ThinRule
import spock.lang.Specification
import spock.lang.Unroll

/** CodeNarc on all that runs on a controller. */
class StyleSpec extends Specification {
    private static final int LINES = 80

    @Unroll
    def 'no violations in #files'() {
        given:
        FilesystemSourceAnalyzer analyzer = new FilesystemSourceAnalyzer(
            baseDirectory: Vars.REPOSITORY.path, includes: files)

        when:
        Results results = analyzer.analyze(RuleSetUtil.loadRuleSetFile('codenarc.groovy'))

        then:
        results.getTotalNumberOfFiles(true) > 0
        told(results) == []

        where:
        files << ['vars/*.groovy', 'Jenkinsfile']
    }

    def 'every var is short'() {
        expect:
        new File(Vars.REPOSITORY, 'vars').listFiles().findAll { it.name.endsWith('.groovy') }.every { var ->
            code(var).size() <= LINES
        }
    }

    @Unroll
    def '#rule.name finds #text'() {
        expect:
        told(new StringSourceAnalyzer(text).analyze(new ListRuleSet([rule]))).size() == 1

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
        new PlainClosureRule()              | '[2, 1].groupBy { it }'
    }

    @Unroll
    def '#rule.name lets #text be'() {
        expect:
        told(new StringSourceAnalyzer(text).analyze(new ListRuleSet([rule]))) == []

        where:
        rule                                | text
        new ThinRule()                      | "sh(script: 'modelyard \"\$ML_STEP\"', label: \"modelyard \${step}\")"
        new PlainClosureRule()              | '[2, 1].collect { it + 1 }'
        new PlainClosureRule()              | 'sleep { true }'
    }

    private static List<String> told(Results results) {
        results.violations.collect { "${it.rule.name} in line ${it.lineNumber}: ${it.message ?: ''} ${it.sourceLine}" }
    }

    /** Lines that are neither empty nor comment. */
    private static List<String> code(File var) {
        var.text.replaceAll(/(?s)\/\*.*?\*\//, '').readLines().findAll { it.trim() && !it.trim().startsWith('//') }
    }
}
