package controller

/** What values a parameter may have: of builds, and of inputs. */
class ParameterTypes {
    /** The value that it has where nobody chose one; of choices the first. */
    static Object fallback(Map parameter) {
        switch (parameter.symbol) {
            case 'choice': return choices(parameter).first()
            case 'booleanParam': return parameter.defaultValue ?: false
            default: return parameter.defaultValue ?: ''
        }
    }

    /** A value as scripts get it; one that it cannot have is refused. */
    static Object value(Map parameter, Object given) {
        switch (parameter.symbol) {
            case 'booleanParam': return given instanceof Boolean ? given : (given as String).toBoolean()
            case 'choice':
                if (!choices(parameter).contains(given as String)) {
                    throw new IllegalArgumentException("Illegal choice for parameter ${parameter.name}: ${given}")
                }
                return given as String
            case 'string': return parameter.trim ? (given as String).trim() : given as String
            default: return given as String
        }
    }

    /** Choices are a list, or the lines of a text. */
    static List<String> choices(Map parameter) {
        List<String> choices = parameter.choices instanceof List ? parameter.choices*.toString() :
            (parameter.choices as String)?.readLines()
        if (!choices) {
            throw new IllegalArgumentException("choice ${parameter.name}: there are no choices")
        }
        choices
    }
}
