import { assertEquals, assertThrows } from "@std/assert";
import { atomsOf, readPddlProblem } from "@/lib/benchmarks/household/pddl.ts";
import { readGoal, taskTypeOf } from "@/lib/benchmarks/household/goal.ts";

const PROBLEM = `(define (problem p) (:domain alfred)
(:objects Mug_bar_1 Mug_bar_2 - object ; two mugs
  MugType - otype)
(:init (objectType Mug_bar_1 MugType) (= (distance a b) 3))
(:goal (and (exists (?o - object) (and (holds agent1 ?o) (not (= ?o x)))))))`;

Deno.test("readPddlProblem() reads types, facts and the goal, in lower case", () => {
  const { types, facts, goal } = readPddlProblem(PROBLEM, "p");
  assertEquals([...types], [
    ["mug_bar_1", "object"],
    ["mug_bar_2", "object"],
    ["mugtype", "otype"],
  ]);
  assertEquals(facts, [["objecttype", "mug_bar_1", "mugtype"]]);
  assertEquals(atomsOf(goal), [["holds", "agent1", "?o"], ["=", "?o", "x"]]);
});

Deno.test("readPddlProblem() refuses what is not a whole problem", () => {
  assertThrows(
    () => readPddlProblem("(define (problem p)", "game 1"),
    SyntaxError,
    "Cannot read game 1 as every parenthesis",
  );
  assertThrows(
    () => readPddlProblem("(define))", "game 1"),
    SyntaxError,
    "every parenthesis",
  );
  assertThrows(
    () => readPddlProblem("(define (:objects) (:goal (and)))", "game 1"),
    SyntaxError,
    "must have :init: current value is :objects, :goal",
  );
});

Deno.test("readGoal() refuses a goal of no known kind", () => {
  const { goal } = readPddlProblem(PROBLEM, "p");
  assertThrows(
    () => readGoal(goal, "game 1"),
    RangeError,
    "current value has = holds",
  );
});

Deno.test("taskTypeOf() names the six kinds", () => {
  const place = { kind: "place", thing: "mug", receptacle: "desk" } as const;
  assertEquals([
    taskTypeOf({ ...place, count: 1, state: null }),
    taskTypeOf({ ...place, count: 1, state: "cool" }),
    taskTypeOf({ ...place, count: 2, state: null }),
    taskTypeOf({ kind: "look", thing: "mug", lamp: "desklamp" }),
  ], [
    "pick_and_place_simple",
    "pick_cool_then_place_in_recep",
    "pick_two_obj_and_place",
    "look_at_obj_in_light",
  ]);
});
