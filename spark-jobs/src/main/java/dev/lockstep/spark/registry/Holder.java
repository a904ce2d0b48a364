package dev.lockstep.spark.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/**
 * The process that holds a lease.
 *
 * @param host where it runs
 * @param pid its number
 * @param begun when it began, where the system tells; otherwise the epoch
 * @param numbering what counts its number: one start of one machine's kernel, and one of the sets
 *     of processes (such as a container's) that this numbers apart; empty where the system does not
 *     tell
 */
record Holder(String host, long pid, Instant begun, String numbering) {
  private static final Duration CLOCKS_DIFFER = Duration.ofSeconds(10);
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path PID_NAMESPACE = Path.of("/proc/self/ns/pid");

  /** What another process can know of one. */
  enum State {
    ALIVE,
    DEAD,
    OUT_OF_SIGHT
  }

  /** This process. */
  static Holder self() {
    ProcessHandle process = ProcessHandle.current();
    return new Holder(ownHost(), process.pid(), begun(process), ownNumbering());
  }

  private static String ownHost() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "an unknown host";
    }
  }

  private static Instant begun(ProcessHandle process) {
    return process.info().startInstant().orElse(Instant.EPOCH);
  }

  private static String ownNumbering() {
    try {
      return Files.readString(BOOT).strip() + " " + Files.readSymbolicLink(PID_NAMESPACE);
    } catch (IOException | UnsupportedOperationException e) {
      return "";
    }
  }

  static Holder read(Section section) {
    return new Holder(
        section.text("host"),
        section.whole("pid", 0, 0, Long.MAX_VALUE),
        section.has("begun") ? RegistryFile.time(section, "begun") : Instant.EPOCH,
        section.text("numbering", ""));
  }

  void putInto(ObjectNode json) {
    json.put("host", host)
        .put("pid", pid)
        .put("begun", begun.toString())
        .put("numbering", numbering);
  }

  /** Whether it lives. A process of a machine or container other than this cannot be seen. */
  State state() {
    if (numbering.isEmpty() || !numbering.equals(ownNumbering())) {
      return State.OUT_OF_SIGHT;
    }
    return ProcessHandle.of(pid)
            .filter(ProcessHandle::isAlive)
            .filter(each -> Duration.between(begun(each), begun).abs().compareTo(CLOCKS_DIFFER) < 0)
            .isPresent()
        ? State.ALIVE
        : State.DEAD;
  }

  @Override
  public String toString() {
    return "process %d on %s".formatted(pid, host);
  }
}
