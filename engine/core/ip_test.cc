// Networks and labels: the value types that are bit masks.
#include "engine/core/ip.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/core/label.h"

namespace ztp {
namespace {

bool Bit(const Ip& ip, unsigned i) { return (ip.bytes[i / 8] >> (7 - i % 8) & 1) != 0; }

TEST(IpTest, V4IsMapped) {
  const Ip ip = Ip::V4(10, 1, 2, 3);
  EXPECT_TRUE(ip.is_v4());
  Ip v6 = ip;
  v6.bytes[0] = 1;
  EXPECT_FALSE(v6.is_v4());
  EXPECT_FALSE(Ip{}.is_v4());
  EXPECT_NE(ip, v6);
  EXPECT_LT(ip, v6);
  EXPECT_LT(Ip::V4(10, 0, 0, 127), Ip::V4(10, 0, 0, 128));  // bytes are unsigned
}

TEST(CidrTest, Contains) {
  const Cidr ten{Ip::V4(10, 0, 0, 0), 96 + 8};
  EXPECT_TRUE(Contains(ten, Ip::V4(10, 255, 255, 255)));
  EXPECT_FALSE(Contains(ten, Ip::V4(11, 0, 0, 0)));
  EXPECT_TRUE(Contains(ten, Cidr{Ip::V4(10, 1, 0, 0), 96 + 16}));
  EXPECT_TRUE(Contains(ten, ten));
  EXPECT_FALSE(Contains(Cidr{Ip::V4(10, 1, 0, 0), 96 + 16}, ten));
  EXPECT_FALSE(Contains(ten, Cidr{Ip::V4(11, 0, 0, 0), 96 + 8}));
  EXPECT_TRUE(Contains(Cidr{Ip{}, 0}, Ip::V4(255, 255, 255, 255)));
  EXPECT_TRUE(Contains(HostCidr(Ip::V4(10, 0, 0, 1)), Ip::V4(10, 0, 0, 1)));
  EXPECT_FALSE(Contains(HostCidr(Ip::V4(10, 0, 0, 1)), Ip::V4(10, 0, 0, 2)));
}

TEST(CidrTest, HostBits) {
  EXPECT_TRUE(HasNoHostBits({Ip::V4(10, 0, 0, 0), 96 + 8}));
  EXPECT_FALSE(HasNoHostBits({Ip::V4(10, 0, 0, 1), 96 + 8}));
  EXPECT_FALSE(HasNoHostBits({Ip::V4(10, 0, 0, 0), 96 + 6}));  // 10 is 00001010
  EXPECT_TRUE(HasNoHostBits({Ip::V4(10, 0, 0, 0), 96 + 7}));
  EXPECT_TRUE(HasNoHostBits({Ip{}, 0}));
  EXPECT_TRUE(HasNoHostBits(HostCidr(Ip::V4(1, 2, 3, 255))));
}

TEST(CidrTest, AgreesBitByBit) {
  std::mt19937 random(3);
  int inside = 0;
  for (int i = 0; i < 20'000; ++i) {
    Cidr cidr;
    Ip ip;
    for (int k = 0; k < 16; ++k) {
      cidr.base.bytes[k] = static_cast<uint8_t>(random());
      ip.bytes[k] = cidr.base.bytes[k];
    }
    cidr.prefix = static_cast<uint8_t>(random() % 129);
    const unsigned flipped = random() % 128;
    ip.bytes[flipped / 8] ^= static_cast<uint8_t>(0x80 >> (flipped % 8));

    bool same = true, host_bits = false;
    for (unsigned bit = 0; bit < 128; ++bit) {
      if (bit < cidr.prefix) same = same && Bit(cidr.base, bit) == Bit(ip, bit);
      if (bit >= cidr.prefix) host_bits = host_bits || Bit(cidr.base, bit);
    }
    EXPECT_EQ(Contains(cidr, ip), same);
    EXPECT_EQ(HasNoHostBits(cidr), !host_bits);
    inside += same ? 1 : 0;
  }
  EXPECT_GT(inside, 1'000);
}

Label RandomLabel(std::mt19937_64& random) {
  Label label;
  for (uint64_t& word : label.words) word = random() & random();
  return label;
}

TEST(LabelTest, LatticeLaws) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 2'000; ++i) {
    const Label a = RandomLabel(random), b = RandomLabel(random), c = RandomLabel(random);
    EXPECT_TRUE(FlowsTo(a, Join(a, b)));
    EXPECT_TRUE(FlowsTo(Meet(a, b), a));
    EXPECT_EQ(FlowsTo(a, b), Join(a, b) == b);
    EXPECT_EQ(FlowsTo(a, b), Meet(a, b) == a);
    EXPECT_EQ(Meet(a, Join(b, c)), Join(Meet(a, b), Meet(a, c)));
    EXPECT_EQ(Join(a, Meet(a, b)), a);
    EXPECT_TRUE(FlowsTo(a, a));
    EXPECT_TRUE(FlowsTo(Label{}, a));
    EXPECT_TRUE(FlowsTo(a, LowBits(Label::kMaxBits)));
  }
}

TEST(LabelTest, OneBitTooManyDoesNotFlow) {
  for (unsigned bit = 0; bit < Label::kMaxBits; ++bit) {
    Label a;
    a.Set(bit);
    EXPECT_TRUE(a.Has(bit));
    EXPECT_FALSE(FlowsTo(a, Label{}));
    EXPECT_TRUE(FlowsTo(a, LowBits(bit + 1)));
    EXPECT_FALSE(FlowsTo(a, LowBits(bit)));
  }
}

TEST(LabelTest, ShiftsAgreeBitByBit) {
  std::mt19937_64 random(5);
  for (unsigned shift = 0; shift <= Label::kMaxBits; ++shift) {
    const Label a = RandomLabel(random);
    Label up, down;
    for (unsigned bit = 0; bit < Label::kMaxBits; ++bit) {
      if (a.Has(bit) && bit + shift < Label::kMaxBits) up.Set(bit + shift);
      if (a.Has(bit) && bit >= shift) down.Set(bit - shift);
    }
    EXPECT_EQ(ShiftUp(a, shift), up) << shift;
    EXPECT_EQ(ShiftDown(a, shift), down) << shift;
  }
}

}  // namespace
}  // namespace ztp
