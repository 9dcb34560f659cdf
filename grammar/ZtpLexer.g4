// The words of the ZTP language, edition 1. The language reference is README.md beside this file.
//
// The lexer reads bytes: a character beyond ASCII is a run of bytes from 0x80, which only comments and strings may
// hold. Tokens from SLIP_AND on are mistakes that authors make; the parser accepts them where it helps to say
// one clear sentence about them, and the tree's builder reports every one.
lexer grammar ZtpLexer;

// Words that open a declaration, a line of a rule, or a statement.
ZTP: 'ztp';
PACKAGE: 'package';
IMPORT: 'import';
ENUM: 'enum';
LATTICE: 'lattice';
TYPE: 'type';
CONST: 'const';
ENTITY: 'entity';
INPUT: 'input';
ACTION: 'action';
GROUP: 'group';
OBLIGATION: 'obligation';
DEF: 'def';
DELEGATE: 'delegate';
ROUTE: 'route';
CALLER: 'caller';
PERMIT: 'permit';
FORBID: 'forbid';
DUTY: 'duty';
NEVER: 'never';
ALWAYS: 'always';
FIXTURE: 'fixture';
TEST: 'test';
PRINCIPAL: 'principal';
RESOURCE: 'resource';
WHEN: 'when';
UNLESS: 'unless';
OBLIGE: 'oblige';
OBLIGED: 'obliged';
BECAUSE: 'because';
USING: 'using';
LET: 'let';
EXPECT: 'expect';

// Words inside declarations.
OF: 'of';
DUAL: 'dual';
ON: 'on';
BY: 'by';
WITH: 'with';
AT: 'at';
FOR: 'for';
DERIVES: 'derives';
CARRIED: 'carried';
CLAIMED: 'claimed';
VOUCHED: 'vouched';
PROVEN: 'proven';
INHERITED: 'inherited';
ALLOW: 'allow';
DENY: 'deny';
UNKNOWN: 'unknown';

// Words inside expressions.
TRUE: 'true';
FALSE: 'false';
NOW: 'now';
NOT: 'not';
AND: 'and';
OR: 'or';
IF: 'if';
THEN: 'then';
ELSE: 'else';
IN: 'in';
HAS: 'has';
IS: 'is';
LIKE: 'like';
MATCHES: 'matches';
WITHIN: 'within';
FLOWS: 'flows';
TO: 'to';
FROM: 'from';
JOIN: 'join';
MEET: 'meet';
ANY: 'any';
ALL: 'all';
COUNT: 'count';
SUM: 'sum';
SET: 'set';
WHERE: 'where';

LBRACE: '{';
RBRACE: '}';
LPAREN: '(';
RPAREN: ')';
LBRACKET: '[';
RBRACKET: ']';
COMMA: ',';
COLON: ':';
COLONCOLON: '::';
DOT: '.';
DOTDOT: '..';
QUESTION: '?';
COALESCE: '??';
ASSIGN: '=';
EQ: '==';
NE: '!=';
LT: '<';
LE: '<=';
GT: '>';
GE: '>=';
PLUS: '+';
MINUS: '-';
STAR: '*';

DURATION: ([0-9]+ ('ms' | 'us' | [dhms]))+;
INT: [0-9]+;
DECIMAL: [0-9]+ '.' [0-9]+;
STRING: '"' (~["\\\r\n] | '\\' ~[\r\n])* '"';
IDENT: [A-Za-z_] [A-Za-z0-9_]*;

WS: [ \t\r\n]+ -> skip;
DOC: '///' (~[/\r\n] ~[\r\n]*)? -> channel(HIDDEN);
COMMENT: '//' ~[\r\n]* -> channel(HIDDEN);

SLIP_AND: '&&';
SLIP_OR: '||';
SLIP_NOT: '!';
SLIP_OPERATOR: '/' | '%' | '^' | '&' | '|' | '===' | '<>' | '=>' | '->';
SLIP_STRING: '\'' (~['\\\r\n] | '\\' ~[\r\n])* '\'';
SLIP_NUMBER: [0-9] [0-9A-Za-z_]* ('.' [0-9A-Za-z_]+)*;
SLIP_SEMICOLON: ';' -> channel(HIDDEN);
SLIP_COMMENT: '/*' .*? '*/' -> channel(HIDDEN);
OPEN_COMMENT: '/*' -> channel(HIDDEN);
OPEN_STRING: '"' (~["\\\r\n] | '\\' ~[\r\n])*;
NON_ASCII: [\u0080-\u00FF]+;
OTHER: .;
