/* What the vars and the Jenkinsfile are checked for: CodeNarc's rules but for those named, and two of our own. */

ruleset {
    ruleset('rulesets/basic.xml')
    ruleset('rulesets/braces.xml')
    ruleset('rulesets/convention.xml') {
        exclude 'CompileStatic' // CPS is dynamic
        exclude 'ImplicitReturnStatement'
        exclude 'TrailingComma'
    }
    ruleset('rulesets/dry.xml') {
        exclude 'DuplicateStringLiteral'
        exclude 'DuplicateMapLiteral'
    }
    ruleset('rulesets/exceptions.xml')
    ruleset('rulesets/formatting.xml') {
        exclude 'SpaceAroundMapEntryColon'
        LineLength {
            length = 120
        }
    }
    ruleset('rulesets/groovyism.xml') {
        exclude 'GStringExpressionWithinString' // shell scripts are full of them
    }
    ruleset('rulesets/imports.xml')
    ruleset('rulesets/naming.xml')
    ruleset('rulesets/security.xml')
    ruleset('rulesets/size.xml')
    ruleset('rulesets/unnecessary.xml') {
        exclude 'UnnecessaryCollectCall' // what it asks for, `*.`, is not translated by CPS
    }
    ruleset('rulesets/unused.xml')
    rule(rules.ThinRule)
    rule(rules.PlainClosureRule)
}
