#!/usr/bin/env python3
"""AuthZEN's Authorization API 1.0: the examples of its evaluation and evaluations sections, and what they leave open.

Usage: authzen_test.py ZTP
"""

import os
import sys
import tempfile
import unittest

from serving import Server

ZTP = None
ALICE = {"type": "user", "id": "alice@example.com"}
TIME = {"time": "2024-05-31T15:22-07:00"}


def document(name):
    return {"type": "document", "id": name}


class AuthZen(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.server = Server(ZTP, cls.temporary.name, "--public-url", "https://pdp.example.com", "--max-evaluations", 50)

    @classmethod
    def tearDownClass(cls):
        cls.server.process.kill()
        cls.server.process.wait()
        cls.temporary.cleanup()

    def evaluations(self, **body):
        status, answer, _ = self.server.ask(body, "/access/v1/evaluations")
        self.assertEqual(status, 200, answer)
        return answer

    def decisions(self, **body):
        return [item["decision"] for item in self.evaluations(**body)["evaluations"]]

    # Section 6: one evaluation.

    def test_one_evaluation(self):
        status, answer, headers = self.server.ask({
            "subject": ALICE, "resource": {"type": "account", "id": "123"},
            "action": {"name": "can_read", "properties": {"method": "GET"}},
            "context": {"time": "1985-10-26T01:22-07:00"}})
        self.assertEqual((status, answer["decision"]), (200, True))
        self.assertEqual(headers["Content-Type"], "application/json")

    def test_an_allow_says_what_to_carry_out_and_why(self):
        _, answer, _ = self.server.ask({"subject": ALICE, "action": {"name": "read"}, "resource": document("1")})
        self.assertEqual(answer, {"decision": True, "context": {
            "reason": "the document may be read", "obligations": [{"id": "audit", "args": {"level": "full"}}]}})

    def test_a_denial_is_200_and_tells_no_stranger_what_is_missing(self):
        status, answer, _ = self.server.ask({"subject": ALICE, "action": {"name": "read"}, "resource": document("none")})
        self.assertEqual((status, answer), (200, {"decision": False}))

    # Section 7: several.

    def test_three_without_defaults(self):
        items = [{"subject": ALICE, "action": {"name": "can_read"}, "resource": document(name), "context": TIME}
                 for name in ("boxcarring.md", "subject-search.md", "resource-search.md")]
        self.assertEqual(self.decisions(evaluations=items), [True, True, True])

    def test_one_subject_and_context_for_all(self):
        items = [{"action": {"name": "can_read"}, "resource": document(name)}
                 for name in ("boxcarring.md", "subject-search.md", "resource-search.md")]
        self.assertEqual(self.decisions(subject=ALICE, context=TIME, evaluations=items), [True, True, True])

    def test_an_item_has_another_action_than_the_rest(self):
        items = [{"resource": document("boxcarring.md")}, {"resource": document("subject-search.md")},
                 {"action": {"name": "can_edit"}, "resource": document("resource-search.md")}]
        self.assertEqual(self.decisions(subject=ALICE, context=TIME, action={"name": "can_read"}, evaluations=items),
                         [True, True, False])

    def test_the_three_semantics(self):
        def ask(semantic, *names):
            options = {"evaluations_semantic": semantic, "another_option": "value"} if semantic else {}
            return self.decisions(subject=ALICE, action={"name": "read"}, options=options,
                                  evaluations=[{"resource": document(name)} for name in names])
        self.assertEqual(ask("execute_all", "1", "2", "3"), [True, False, True])
        self.assertEqual(ask(None, "1", "2", "3"), [True, False, True])
        self.assertEqual(ask("deny_on_first_deny", "1", "2", "3"), [True, False])
        self.assertEqual(ask("permit_on_first_permit", "1", "2", "3"), [True])
        self.assertEqual(ask("permit_on_first_permit", "2", "3", "1"), [False, True])

    def test_a_failing_item_is_a_false_in_its_place(self):
        items = [{"resource": document("1")}, {"resource": {"type": "nothing", "id": "1"}}, {"resource": document("2")}, 7]
        answer = self.evaluations(subject=ALICE, action={"name": "read"}, evaluations=items)["evaluations"]
        self.assertEqual([item["decision"] for item in answer], [True, False, False, False])
        for failed in answer[1], answer[3]:
            self.assertEqual(failed["context"]["error"]["status"], 400)
        self.assertIn("$.resource", answer[1]["context"]["error"]["message"])
        # An error is a denial: it ends "deny on first deny".
        self.assertEqual(self.decisions(subject=ALICE, action={"name": "read"}, evaluations=items,
                                        options={"evaluations_semantic": "deny_on_first_deny"}), [True, False])

    def test_without_evaluations_it_is_one_evaluation(self):
        for evaluations in {}, {"evaluations": []}:
            answer = self.evaluations(subject=ALICE, action={"name": "read"}, resource=document("1"), **evaluations)
            self.assertTrue(answer["decision"])

    def test_members_that_nobody_knows_are_ignored(self):
        _, answer, _ = self.server.ask({"subject": ALICE, "action": {"name": "read"}, "resource": document("1"), "x": {}})
        self.assertTrue(answer["decision"])

    # Section 9: metadata.

    def test_metadata(self):
        status, answer, _ = self.server.ask(None, "/.well-known/authzen-configuration", method="GET")
        self.assertEqual((status, answer), (200, {
            "policy_decision_point": "https://pdp.example.com",
            "access_evaluation_endpoint": "https://pdp.example.com/access/v1/evaluation",
            "access_evaluations_endpoint": "https://pdp.example.com/access/v1/evaluations"}))

    # Section 10: transport.

    def test_a_request_identifier_comes_back(self):
        headers = {"X-Request-ID": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"}
        _, _, answered = self.server.ask({"subject": ALICE, "action": {"name": "can_read"},
                                          "resource": {"type": "todo", "id": "1"}}, headers=headers)
        self.assertEqual(answered["X-Request-ID"], headers["X-Request-ID"])
        self.assertIsNone(self.server.ask("{}")[2]["X-Request-ID"])

    def test_what_is_wrong_with_all_of_it_is_a_status(self):
        whole = {"subject": ALICE, "action": {"name": "read"}, "resource": document("1")}
        for without in whole:
            status, message, _ = self.server.ask({name: whole[name] for name in whole if name != without})
            self.assertEqual(status, 400)
            self.assertIn(f"`{without}` is missing", message)
        for body in "", "{", "[]", "7", '{"subject": {}, "subject": {}}', "\xff", "[" * 10000:
            self.assertEqual(self.server.ask(body.encode("latin-1"))[0], 400, body[:20])
            self.assertEqual(self.server.ask(body.encode("latin-1"), "/access/v1/evaluations")[0], 400, body[:20])
        several = "/access/v1/evaluations"
        self.assertEqual(self.server.ask({"evaluations": {}}, several)[0], 400)
        self.assertEqual(self.server.ask({**whole, "evaluations": [{}], "options": 1}, several)[0], 400)
        self.assertEqual(self.server.ask({**whole, "evaluations": [{}], "options": {"evaluations_semantic": "any"}}, several)[0], 400)
        self.assertEqual(self.server.ask({**whole, "evaluations": [{}] * 50}, several)[0], 200)
        self.assertEqual(self.server.ask({**whole, "evaluations": [{}] * 51}, several)[0], 413)
        self.assertEqual(self.server.ask({**whole, "context": {"x": "x" * 500_000}, "evaluations": [{}] * 50}, several)[0], 413)

    def test_other_methods_types_and_paths(self):
        status, _, headers = self.server.ask(None, method="GET")
        self.assertEqual((status, headers["Allow"]), (405, "POST"))
        self.assertEqual(self.server.ask("{}", "/.well-known/authzen-configuration")[0], 405)
        for kind in "text/plain", "", "application/jsonx", "application/json2; charset=utf-8":
            self.assertEqual(self.server.ask("{}", headers={"Content-Type": kind})[0], 415, kind)
        for kind in "application/json; charset=utf-8", "Application/JSON", "application/json ;x":
            self.assertEqual(self.server.ask("{}", headers={"Content-Type": kind})[0], 400, kind)
        for path in "/", "/access/v1/evaluation/", "/access/v1/../v1/evaluation", "/access/v1/search/subject", "//", "*":
            self.assertEqual(self.server.ask("{}", path)[0], 404, path)
        self.assertEqual(self.server.ask("{}", "/access/v1/evaluation?x=1")[0], 400, "a query is no part of the path")


if __name__ == "__main__":
    ZTP = os.path.abspath(sys.argv.pop(1))
    unittest.main()
