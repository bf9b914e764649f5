package controller

import groovy.transform.TupleConstructor

/**
 * What a step takes, or something that is described in its arguments: names, types, and which are needed. As strict
 * about types as a controller (structs: DescribableModel), and stricter about names, which that only warns of.
 */
@TupleConstructor
class Declaration {
    /** For messages. */
    final String name
    /**
     * Name of an argument -> its type: a class, a set of the texts that it may be, a Kind of what may be described
     * there, a Declaration where a map stands for one, or a list of one of these, for a list.
     */
    final Map<String, Object> takes
    /** Names of the arguments of its constructor; where there is one, that may be given alone. */
    final List<String> needs

    String getSole() {
        needs.size() == 1 ? needs[0] : null
    }

    /** Whether a map that is given alone is its only argument, rather than its named arguments. */
    boolean isOnly(Map given) {
        sole != null && takes.size() == 1 && !(given.size() == 1 && given.containsKey(sole))
    }

    /** The names of arguments; '' is the one that is given alone. */
    Set<String> names(Map<String, Object> given) {
        given.keySet().collect { it == '' ? alone() : it } as Set<String>
    }

    /** The arguments as the plugin gets them. */
    Map<String, Object> instantiate(Map<String, Object> given) {
        Map<String, Object> named = [:]
        given.each { name, value -> named[name == '' ? alone() : name] = value }
        Set<String> unknown = named.keySet() - takes.keySet()
        if (unknown) {
            throw new IllegalArgumentException("${name}: unknown parameter(s) ${unknown}; it takes ${takes.keySet()}")
        }
        Map<String, Object> typed = [:]
        named.each { String argument, Object value -> typed[argument] = coerce("${name}.${argument}", takes[argument], value) }
        typed
    }

    String alone() {
        if (sole == null) {
            throw new IllegalArgumentException("${name}: expected named arguments; it takes ${takes.keySet()}")
        }
        sole
    }

    private static Object coerce(String where, Object type, Object value) {
        if (value == null || type == Object || value instanceof Closure) {
            return value
        }
        if (type instanceof List && value instanceof List) {
            return ((List) value).collect { coerce(where, ((List) type)[0], it) }
        }
        if (type instanceof Kind && value instanceof Described) {
            return ((Kind) type).instantiate((Described) value)
        }
        if (type instanceof Declaration && value instanceof Map) {
            return ((Declaration) type).instantiate((Map<String, Object>) value)
        }
        String text = value instanceof CharSequence ? value as String : null
        if (type instanceof Set && text != null) {
            if (!((Set) type).contains(text)) {
                throw new IllegalArgumentException("${where}: no enum constant ${text}; there are ${type}")
            }
            return text
        }
        if (type == String && text != null) {
            return text
        }
        if (type in [Integer, Long] && (value instanceof Number || text?.isLong())) {
            long number = text == null ? ((Number) value).longValue() : text.toLong()
            return type == Integer ? (Object) (int) number : (Object) number
        }
        if (type == Boolean && (value instanceof Boolean || text != null)) {
            return text == null ? value : Boolean.valueOf(text)
        }
        if (type instanceof Class && !(type in [String, Integer, Long, Boolean]) && ((Class) type).isInstance(value)) {
            return value
        }
        throw new ClassCastException("${where} expects ${type} but received ${value.getClass()}")
    }
}
