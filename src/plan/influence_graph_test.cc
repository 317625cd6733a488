// SPDX-License-Identifier: Apache-2.0
#include "plan/influence_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <random>

namespace bellwether {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Chances = InfluenceGraph::Chances;
constexpr auto kCascade = DiffusionModel::kIndependentCascade;
constexpr auto kThreshold = DiffusionModel::kLinearThreshold;

InfluenceGraph graph_of(uint64_t vertices, const std::vector<InfluenceArc>& arcs,
                        DiffusionModel model = kCascade) {
  auto graph = InfluenceGraph::create(vertices, arcs, model);
  EXPECT_TRUE(graph.ok()) << graph.error().message;
  return std::move(*graph);
}

std::vector<uint32_t> senders_of(const InfluenceGraph& graph, uint32_t receiver) {
  const uint32_t* const begin = graph.senders() + graph.arcs_begin(receiver);
  return {begin, begin + graph.in_degree(receiver)};
}

Error error_of(uint64_t vertices, const std::vector<InfluenceArc>& arcs,
               DiffusionModel model = kCascade) {
  const auto graph = InfluenceGraph::create(vertices, arcs, model);
  EXPECT_FALSE(graph.ok());
  return graph.ok() ? Error{ErrorCode::kIo, ""} : graph.error();
}

TEST(InfluenceGraph, ArcsAreKeptByReceiverTheLikelyFirst) {
  const auto graph = graph_of(3, {{0, 2, 0.1F}, {1, 2, 0.7F}, {2, 0, 0.5F}});
  EXPECT_EQ(graph.vertices(), 3U);
  EXPECT_EQ(graph.arcs(), 3U);
  ASSERT_EQ(graph.chances(), Chances::kPerArc);
  EXPECT_THAT(senders_of(graph, 0), ElementsAre(2));
  EXPECT_THAT(senders_of(graph, 1), ElementsAre());
  EXPECT_THAT(senders_of(graph, 2), ElementsAre(1, 0));
  EXPECT_EQ(graph.arc_chances()[graph.arcs_begin(2)], 0.7F);
  EXPECT_EQ(graph.arc_chances()[graph.arcs_begin(2) + 1], 0.1F);
}

TEST(InfluenceGraph, OneChanceForAllArcsIntoAVertexIsKeptOnce) {
  const auto graph = graph_of(3, {{0, 2, 0.25F}, {1, 2, 0.25F}, {2, 0, 0.5F}});
  ASSERT_EQ(graph.chances(), Chances::kPerVertex);
  EXPECT_EQ(graph.vertex_chance(2), 0.25F);
  EXPECT_EQ(graph.vertex_chance(0), 0.5F);
}

TEST(InfluenceGraph, WhatIsNoArcIsLeftOut) {
  const auto graph = graph_of(2, {{0, 0, 1}, {0, 1, 0}, {1, 0, 0.5F}});
  EXPECT_EQ(graph.arcs(), 1U) << "one to oneself, one that never moves, one that may";
}

TEST(InfluenceGraph, ArcsOfOnePairFailIndependently) {
  const auto graph = graph_of(2, {{0, 1, 0.5F}, {0, 1, 0.5F}, {0, 1, 0.2F}});
  EXPECT_EQ(graph.arcs(), 1U);
  EXPECT_FLOAT_EQ(graph.vertex_chance(1), 1 - 0.5F * 0.5F * 0.8F);
}

TEST(InfluenceGraph, WeightsOfOnePairAddUp) {
  const auto graph = graph_of(2, {{0, 1, 0.25F}, {0, 1, 0.5F}}, kThreshold);
  EXPECT_EQ(graph.arcs(), 1U);
  EXPECT_FLOAT_EQ(graph.vertex_chance(1), 0.75F);
}

TEST(InfluenceGraph, ThresholdWeightsAreKeptAsCutsOfTheUnitInterval) {
  const auto graph = graph_of(4, {{2, 3, 0.5F}, {0, 3, 0.125F}, {1, 3, 0.25F}}, kThreshold);
  ASSERT_EQ(graph.chances(), Chances::kPerArc);
  EXPECT_THAT(senders_of(graph, 3), ElementsAre(0, 1, 2));
  const uint32_t* const cuts = graph.arc_cuts() + graph.arcs_begin(3);
  EXPECT_EQ(cuts[0], 0x20000000U);
  EXPECT_EQ(cuts[1], 0x60000000U);
  EXPECT_EQ(cuts[2], 0xe0000000U);
}

TEST(InfluenceGraph, WeightedCascadeCountsAPairOnceAndKeepsNoChance) {
  const std::vector<PlainArc> arcs{{2, 0}, {1, 0}, {1, 0}, {0, 0}, {0, 2}};
  const auto made = InfluenceGraph::weighted_cascade(3, arcs, kCascade);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->chances(), Chances::kInverseDegree);
  EXPECT_THAT(senders_of(*made, 0), ElementsAre(1, 2));
  EXPECT_THAT(senders_of(*made, 2), ElementsAre(0));
  EXPECT_EQ(made->arcs(), 3U);
  auto copy = *made;
  EXPECT_EQ(std::move(copy).under(kThreshold).model(), kThreshold);
}

TEST(InfluenceGraph, AGraphWithoutArcsOrVerticesIsOne) {
  EXPECT_EQ(graph_of(0, {}).vertices(), 0U);
  EXPECT_EQ(graph_of(5, {}).arcs(), 0U);
}

TEST(InfluenceGraph, EndsMustExist) {
  EXPECT_EQ(graph_of(2, {{1, 0, 1}}).arcs(), 1U);
  const Error error = error_of(2, {{0, 1, 1}, {2, 0, 1}});
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("arc 1 goes from 2 to 0"));
  const std::vector<PlainArc> beyond{{0, 2}};
  EXPECT_FALSE(InfluenceGraph::weighted_cascade(2, beyond, kCascade).ok());
}

TEST(InfluenceGraph, AChanceIsANumberFromZeroToOne) {
  EXPECT_EQ(graph_of(2, {{0, 1, 1}}).arcs(), 1U);
  for (const float wrong : {1.001F, -0.001F, std::nanf("")}) {
    EXPECT_EQ(error_of(2, {{0, 1, wrong}}).code, ErrorCode::kInvalidArgument) << wrong;
  }
}

TEST(InfluenceGraph, WeightsIntoAVertexSumToOneAtMost) {
  std::vector<InfluenceArc> thirds{{0, 3, 1.0F / 3}, {1, 3, 1.0F / 3}, {2, 3, 1.0F / 3}};
  EXPECT_EQ(graph_of(4, thirds, kThreshold).arcs(), 3U) << "a sum of 1 but for rounding";
  thirds[1].chance = 0.334F;
  const Error error = error_of(4, thirds, kThreshold);
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("into vertex 3"));
  EXPECT_EQ(graph_of(4, thirds, kCascade).arcs(), 3U) << "probabilities need not sum to anything";
}

// The other side of this limit takes 32 GiB.
TEST(InfluenceGraph, MoreVerticesThanNumbersAreRefused) {
  EXPECT_EQ(error_of(kVerticesMax + 1, {}).code, ErrorCode::kLimit);
  const auto made = InfluenceGraph::weighted_cascade(kVerticesMax + 1, {}, kCascade);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kLimit);
}

RC_GTEST_PROP(InfluenceGraphProperty, TheOrderOfArcsAndTheThreadsDecideNothing, ()) {
  const auto n = *rc::gen::inRange<uint32_t>(1, 30);
  const auto model = *rc::gen::element(kCascade, kThreshold);
  auto arcs = *rc::gen::container<std::vector<InfluenceArc>>(rc::gen::construct<InfluenceArc>(
      rc::gen::inRange<uint32_t>(0, n), rc::gen::inRange<uint32_t>(0, n),
      rc::gen::map(rc::gen::inRange(0, 100),
                   [](int percent) { return static_cast<float>(percent) / 3000; })));
  const auto one = InfluenceGraph::create(n, arcs, model);
  std::shuffle(arcs.begin(), arcs.end(), std::mt19937_64(*rc::gen::arbitrary<uint64_t>()));
  const auto other = InfluenceGraph::create(n, arcs, model, 3);
  RC_PRE(one.ok());
  RC_ASSERT(other.ok());
  RC_ASSERT(one->arcs() == other->arcs());
  RC_ASSERT(one->chances() == other->chances());
  for (uint32_t v = 0; v < n; ++v) {
    RC_ASSERT(senders_of(*one, v) == senders_of(*other, v));
    if (one->chances() == Chances::kPerVertex) {
      RC_ASSERT(one->vertex_chance(v) == other->vertex_chance(v));
    }
  }
  for (uint64_t i = 0; one->chances() == Chances::kPerArc && i < one->arcs(); ++i) {
    if (model == kCascade) RC_ASSERT(one->arc_chances()[i] == other->arc_chances()[i]);
    if (model == kThreshold) RC_ASSERT(one->arc_cuts()[i] == other->arc_cuts()[i]);
  }
}

}  // namespace
}  // namespace bellwether
