package controller

import groovy.json.JsonException
import groovy.json.JsonLexer
import groovy.json.JsonToken
import groovy.json.JsonTokenType

/**
 * Reads JSON as json-lib does, which a controller reads it with: objects in the order of their text, Double for numbers that
 * are not whole, Long where Integer is too small, and text for what no Long can hold.
 */
class JsonReader {
    private final JsonLexer lexer

    JsonReader(String text) {
        lexer = new JsonLexer(new StringReader(text))
    }

    Object read() {
        Object value = value(next())
        if (lexer.hasNext() && lexer.nextToken() != null) {
            throw new JsonException('there is more than one value')
        }
        value
    }

    private JsonToken next() {
        JsonToken token = lexer.nextToken()
        if (token == null) {
            throw new JsonException('the text ends too early')
        }
        token
    }

    private Object value(JsonToken token) {
        switch (token.type) {
            case JsonTokenType.OPEN_CURLY: return members()
            case JsonTokenType.OPEN_BRACKET: return elements()
            case JsonTokenType.NUMBER: return number(token.value)
            case JsonTokenType.CLOSE_CURLY:
            case JsonTokenType.CLOSE_BRACKET:
            case JsonTokenType.COLON:
            case JsonTokenType.COMMA: throw new JsonException("no value begins with ${token.text}")
            default: return token.value
        }
    }

    private static Object number(Object value) {
        value instanceof BigInteger ? value as String : value instanceof Integer || value instanceof Long ? value : value as double
    }

    private Map<String, Object> members() {
        Map<String, Object> read = [:]
        JsonToken token = next()
        while (token.type != JsonTokenType.CLOSE_CURLY) {
            if (read) {
                expect(token, JsonTokenType.COMMA)
                token = next()
            }
            expect(token, JsonTokenType.STRING)
            expect(next(), JsonTokenType.COLON)
            read[token.value as String] = value(next())
            token = next()
        }
        read
    }

    private List<Object> elements() {
        List<Object> read = []
        JsonToken token = next()
        while (token.type != JsonTokenType.CLOSE_BRACKET) {
            if (read) {
                expect(token, JsonTokenType.COMMA)
                token = next()
            }
            read << value(token)
            token = next()
        }
        read
    }

    private static void expect(JsonToken token, JsonTokenType type) {
        if (token.type != type) {
            throw new JsonException("expected ${type.label} instead of ${token.text} in line ${token.startLine}")
        }
    }
}
