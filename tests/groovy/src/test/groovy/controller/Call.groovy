package controller

import groovy.transform.CompileStatic

/** The call of a step or a symbol, as a script wrote it: named arguments or a single one, and perhaps a body. */
@CompileStatic
class Call implements Serializable {
    private static final long serialVersionUID = 1

    final String step
    final Closure body
    private final List<Object> values

    Call(String step, List<Object> given) {
        this.step = step
        body = given && given.last() instanceof Closure ? (Closure) given.last() : null
        values = body ? given.init() : given
    }

    /** The arguments by name, of a step that is declared. */
    Map<String, Object> named(Declaration declared) {
        Object value = single()
        if (value instanceof Map && !declared.isOnly((Map) value)) {
            return new LinkedHashMap<String, Object>((Map<String, Object>) value)
        }
        values ? [(declared.alone()): value] : [:] as Map<String, Object>
    }

    /** The arguments of a symbol; one that is given alone has no name yet. */
    Map<String, Object> described() {
        Object value = single()
        value instanceof Map ? new LinkedHashMap<String, Object>((Map<String, Object>) value) : values ? ['': value] : [:]
    }

    /** The arguments as a map of anything: the branches of `parallel`. */
    Map<String, Object> branches() {
        if (!(single() instanceof Map)) {
            throw new IllegalArgumentException("${step}: expected named closures, not ${values}")
        }
        new LinkedHashMap<String, Object>((Map<String, Object>) single())
    }

    private Object single() {
        if (values.size() > 1) {
            throw new IllegalArgumentException("${step}: expected named arguments, not ${values}")
        }
        values ? values[0] : null
    }
}
