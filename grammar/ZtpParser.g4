// The grammar of the ZTP language, edition 1. The language reference is README.md beside this file.
//
// It is made to be decided by one token of lookahead nearly everywhere, because that is what makes it fast: lists
// take commas that the tree's builder counts, and an expression is a flat row of operands and operators whose
// precedence the builder applies (loosest to tightest):
//
//   if then else
//   or
//   and
//   not
//   == != < <= > >=  in  not in  has  like  matches  is  flows to  derives from  within   (they do not chain)
//   + - join meet
//   *
//   - (unary)
//   ??                                                                                   (to the right)
//   . () []
//
// What a place allows beyond the grammar (the order of a rule's lines, what an attribute may be marked with, one
// `because`) is checked by the builder, which can say it better.
parser grammar ZtpParser;

options { tokenVocab = ZtpLexer; }

file: edition? declaration* EOF;

edition: ZTP INT;
packageLine: PACKAGE qualifiedName;
importLine: IMPORT qualifiedName;

declaration
  : enumDecl
  | latticeDecl
  | typeDecl
  | constDecl
  | entityDecl
  | inputDecl
  | actionDecl
  | obligationDecl
  | defDecl
  | delegateDecl
  | routeDecl
  | ruleDecl
  | fixtureDecl
  | testDecl
  | packageLine
  | importLine
  ;

// ---- Types and facts ----------------------------------------------------------------------------------

enumDecl: ENUM name nameSet;
nameSet: LBRACE anyName (COMMA anyName?)* RBRACE;

latticeDecl
  : LATTICE name LBRACE (chain | parts) RBRACE
  | LATTICE name DUAL? OF (nameSet | qualifiedName)
  ;
chain: anyName (LT anyName)*;
parts: field (COMMA field?)*;

typeDecl: TYPE name ASSIGN typeExpr;
constDecl: CONST anyName (COLON typeExpr)? ASSIGN expression;

entityDecl: ENTITY name entityHead* entityBody?;
entityHead
  : IN edge (COMMA edge)*
  | DERIVES qualifiedName (COMMA qualifiedName)*
  | CARRIED (CLAIMED | VOUCHED)
  ;
edge: (anyName QUESTION? COLON)? qualifiedName;
entityBody: LBRACE (entityMember COMMA?)* RBRACE;
entityMember
  : IN anyName QUESTION? COLON qualifiedName
  | field
  ;

field: anyName QUESTION? COLON typeExpr fieldMark* (ASSIGN defaultValue fieldMark*)?;
fieldMark
  : CLAIMED
  | VOUCHED
  | PROVEN (FOR factPath)?
  | INHERITED (ANY | ALL)?
  ;
factPath: anyName (DOT anyName)*;
defaultValue: operand ((PLUS | MINUS | STAR) operand)*;

typeExpr
  : qualifiedName (LT typeExpr (COMMA typeExpr)* GT)?
  | recordType
  ;
recordType: LBRACE (field COMMA?)* RBRACE;

inputDecl: INPUT field;

// ---- Actions, obligations, definitions ----------------------------------------------------------------

actionDecl
  : ACTION GROUP name LBRACE qualifiedName (COMMA qualifiedName?)* RBRACE
  | ACTION actionName (COMMA actionName)* ON qualifiedName (COMMA qualifiedName)*
      BY qualifiedName (COMMA qualifiedName)* (WITH recordType)?
  ;
actionName: name (ASSIGN (STRING | SLIP_STRING))?;

obligationDecl: OBLIGATION name parameters;
defDecl: DEF name parameters ASSIGN expression;
parameters: LPAREN (field (COMMA field?)*)? RPAREN;

// ---- Rules --------------------------------------------------------------------------------------------

delegateDecl: DELEGATE qualifiedName ruleBody;
ruleDecl: (PERMIT | FORBID | DUTY | NEVER | ALWAYS) name ruleBody;
ruleBody: LBRACE ruleMember* RBRACE;
ruleMember
  : (PRINCIPAL | RESOURCE) scope
  | ACTION (ANY | qualifiedName (COMMA qualifiedName)*)
  | WHEN expression
  | UNLESS (OBLIGED call | expression)
  | OBLIGE call (COMMA call)*
  | BECAUSE (STRING | SLIP_STRING)
  ;
scope
  : (EQ | ASSIGN | IN) entityLiteral
  | scopeTypes ((EQ | ASSIGN | IN) entityLiteral)?
  ;
scopeTypes
  : ANY
  | qualifiedName (COLON (ANY | qualifiedName (COMMA qualifiedName)*) | (COMMA qualifiedName)*)
  ;
entityLiteral: qualifiedName COLONCOLON (STRING | SLIP_STRING);
call: qualifiedName arguments;

// ---- Routes -------------------------------------------------------------------------------------------

routeDecl: (ROUTE | CALLER) name routeBody;
routeBody: LBRACE routeMember* RBRACE;
routeMember
  : ON name (COMMA name)* (STRING | SLIP_STRING)
  | IDENT (STRING | SLIP_STRING)
  | WHEN expression
  | LET anyName ASSIGN expression
  | (PRINCIPAL | RESOURCE) entityLiteral braces?
  | ACTION qualifiedName
  | WITH braces
  | INPUT anyName ASSIGN expression
  | PROVEN anyName FROM expression
  | BY name (COMMA name)*
  ;

// ---- Tests --------------------------------------------------------------------------------------------

fixtureDecl: FIXTURE name testBody;
testDecl: TEST (STRING | SLIP_STRING) testBody;
testBody: LBRACE statement* RBRACE;
statement
  : USING qualifiedName (COMMA qualifiedName)*
  | ENTITY name ASSIGN entityRef entityPart*
  | LET name ASSIGN expression
  | INPUT anyName ASSIGN expression
  | NOW ASSIGN expression
  | EXPECT (ALLOW | DENY UNKNOWN?) entityRef qualifiedName entityRef expectPart*
  ;
entityPart
  : IN entityRef (COMMA entityRef)*
  | DERIVES entityRef (COMMA entityRef)*
  | WITH
  | braces
  ;
expectPart
  : WITH braces
  | AT expression
  | BY qualifiedName
  | OBLIGED call (COMMA call)*
  ;
entityRef: qualifiedName (COLONCOLON (STRING | SLIP_STRING))?;

// ---- Expressions --------------------------------------------------------------------------------------

expression
  : IF expression THEN expression ELSE expression
  | operand
    ( ( STAR | PLUS | MINUS | JOIN | MEET | COALESCE
      | EQ | NE | LT | LE | GT | GE | IN | LIKE | MATCHES | WITHIN | IS
      | AND | OR
      | ASSIGN | SLIP_AND | SLIP_OR | SLIP_OPERATOR
      ) operand
    | NOT IN operand
    | FLOWS TO operand
    | DERIVES FROM operand
    | HAS anyName
    )*
  ;

operand: (NOT | MINUS | HAS | SLIP_NOT)* atom suffix*;

atom
  : STRING | INT | DECIMAL | DURATION | TRUE | FALSE | NOW | PRINCIPAL | ACTION | RESOURCE
  | SLIP_STRING | SLIP_NUMBER | OPEN_STRING
  | name
  | fold
  | LPAREN expression RPAREN
  | braces
  | LBRACKET (expression (COMMA expression?)*)? RBRACKET
  ;

suffix
  : DOT anyName
  | arguments
  | LBRACKET expression RBRACKET
  | COLONCOLON (STRING | SLIP_STRING)
  ;

arguments: LPAREN (expression (COMMA expression?)*)? RPAREN;

fold: (ANY | ALL | COUNT | SUM | JOIN | SET) LPAREN name IN expression (WHERE expression)? (COLON expression)? RPAREN;

braces: LBRACE (entry (COMMA entry?)*)? RBRACE;
entry
  : DOTDOT
  | expression (COLON expression)?
  | keyword COLON expression
  ;

// ---- Names --------------------------------------------------------------------------------------------

qualifiedName: name (DOT anyName)*;

// Words that are keywords only in their own places.
name
  : IDENT
  | ZTP | PACKAGE | IMPORT | TYPE | GROUP | OBLIGATION | DELEGATE | ROUTE | CALLER | FIXTURE | TEST | USING
  | OF | DUAL | ON | BY | WITH | AT | FOR | DERIVES | CARRIED | CLAIMED | VOUCHED | PROVEN | INHERITED
  | ALLOW | DENY | WITHIN | FLOWS | TO | FROM | MEET
  ;

// After `.`, after `has`, before `:`, and as names of attributes and values, every word is a name.
anyName
  : name
  | TRUE | FALSE | NOW | PRINCIPAL | ACTION | RESOURCE
  | keyword
  ;
keyword
  : ENUM | LATTICE | CONST | ENTITY | INPUT | DEF | PERMIT | FORBID | DUTY | NEVER | ALWAYS
  | WHEN | UNLESS | OBLIGE | OBLIGED | BECAUSE | LET | EXPECT | UNKNOWN
  | NOT | AND | OR | IF | THEN | ELSE | IN | HAS | IS | LIKE | MATCHES | JOIN
  | ANY | ALL | COUNT | SUM | SET | WHERE
  ;
