// The same with ztp.hpp, and the policy compiled in the process: a program that needs no bundle.
//
// usage: compile_and_decide SOURCE FACTS WORKLOAD DATASET PURPOSE    exit code: 0 allowed, 2
// denied, 1 neither
#include <iostream>
#include <ztp.hpp>

namespace {

int Run(char** argv) {
  const ztp::Policy policy = ztp::Bundle::CompilePaths({argv[1]}).Read();
  ztp::Engine engine(policy, ztp::Facts::Load(policy, {argv[2]}));
  ztp::Session session(engine);
  ztp::Request request(session, "train");
  request.Principal("Workload", argv[3]).Resource("Dataset", argv[4]);
  request.Text(engine.Attr("purpose"), argv[5]);

  const ztp::Decision decision = request.Decide(ztp::Now());
  if (decision.allow() && decision.valid_until() != ztp::kForever) {
    std::cout << "allowed until " << decision.valid_until() << "\n";
  } else {
    std::cout << (decision.allow() ? "allowed\n" : "denied\n");
  }
  for (const ztp::Rule& rule : decision.rules()) {
    std::cout << "  " << rule.name << ": " << rule.because << "\n";
  }
  for (const ztp::Obligation& obligation : decision.obligations()) {
    std::cout << "  do: " << obligation.name << "\n";
  }
  for (const std::string_view fact : decision.unknown()) {
    std::cout << "  not known: " << fact << "\n";
  }

  // What was allowed, a step at a time. Here policy or facts change after two.
  int steps = 0;
  ztp::Lease lease = decision.lease();
  while (lease.Check()) {
    if (++steps == 2) engine.Revoke();
  }
  std::cout << "  stopped after " << steps << " steps\n";
  return decision.allow() ? 0 : 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: compile_and_decide SOURCE FACTS WORKLOAD DATASET PURPOSE\n";
    return 1;
  }
  try {
    return Run(argv);
  } catch (const ztp::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
