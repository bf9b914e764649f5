package specifications

import spock.lang.Unroll

/**
 * What is written about the vars is what they declare. To write it anew:
 * mvn -f tests/groovy/pom.xml -q test -Dtest=PagesSpec -Dwrite=true
 */
class PagesSpec extends Vars {
    static final List<String> NAMES = new File(REPOSITORY, 'vars').list().findAll { it.endsWith('.groovy') }
        .collect { it - '.groovy' }.sort()

    @Unroll
    def 'the help of #name is what it declares'() {
        expect:
        page("vars/${name}.txt").text == help(name)

        where:
        name << NAMES
    }

    def 'the reference is what the vars declare'() {
        expect:
        page('docs/reference/vars.md').text == reference()
    }

    private File page(String path) {
        File page = new File(REPOSITORY, path)
        if (Boolean.getBoolean('write')) {
            page.text = path.endsWith('.md') ? reference() : help(page.name - '.txt')
        }
        page
    }

    private String help(String name) {
        List<String> lines = options(name).collect { option, declared ->
            "- ${option} (${kind(declared)}): ${declared.about}"
        }
        [purpose(name), *(lines ? ['', 'Options:', *lines] : []), ''].join('\n')
    }

    private String reference() {
        List<String> sections = NAMES.collectMany { name ->
            List<String> rows = options(name).collect { option, declared ->
                "| `${option}` | ${declared.type} | ${fallback(declared)} | ${declared.about} |"
            }
            List<String> table = ['', '| option | type | default | meaning |', '| --- | --- | --- | --- |', *rows]
            ["## ${name}", '', markdown(purpose(name)), *(rows ? table : []), '']
        }
        ['# Vars', '', '<!-- Written by tests/groovy from what the vars declare. -->', '', *sections].join('\n')
    }

    /** The comment that a var opens with. */
    private static String purpose(String name) {
        String text = new File(REPOSITORY, "vars/${name}.groovy").text
        text.substring(text.indexOf('/*') + 2, text.indexOf('*/')).readLines()*.trim().join('\n').trim()
    }

    /** The same, with the paragraphs that are code marked as such. */
    private static String markdown(String purpose) {
        purpose.split('\n\n').collect { it =~ /(?m)^(ml|Map |@)/ ? "```groovy\n${it}\n```" : it }.join('\n\n')
    }

    private Map<String, Map> options(String name) {
        if (!LIBRARIES[true].make(name).metaClass.respondsTo(null, 'declaredOptions')) {
            return [:]
        }
        temporary.delete()
        temporary.create()
        pipeline("${name}.declaredOptions()").run().value
    }

    private static String kind(Map declared) {
        String rest = declared.containsKey('fallback') ? ", default ${declared.fallback.inspect()}" : ', needed'
        declared.type + rest
    }

    private static String fallback(Map declared) {
        declared.containsKey('fallback') ? "`${declared.fallback.inspect()}`" : 'needed'
    }
}
