package dev.lockstep.spark.registry;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * The process that holds a lease.
 *
 * @param host where it runs
 * @param pid its number
 * @param begun what tells it from others that had its number before: when it began, in ticks of the
 *     kernel, which know nothing of the clock's being set; empty where the system does not tell
 * @param numbering what counts its number: one start of one machine's kernel, and one of the sets
 *     of processes (such as a container's) that this numbers apart; empty where the system does not
 *     tell
 */
record Holder(String host, long pid, String begun, String numbering) {
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path PID_NAMESPACE = Path.of("/proc/self/ns/pid");

  /** Of the fields of {@code /proc/<pid>/stat} behind the command's name, as in proc(5). */
  private static final int START_TIME = 22 - 3;

  /** The states of a process that has ended and waits to be noticed by its parent. */
  private static final Set<String> ENDED = Set.of("Z", "X");

  /** What another process can know of one. */
  enum State {
    ALIVE,
    DEAD,
    OUT_OF_SIGHT
  }

  /** This process. */
  static Holder self() {
    long pid = ProcessHandle.current().pid();
    return new Holder(ownHost(), pid, begun(pid), ownNumbering());
  }

  private static String ownHost() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "an unknown host";
    }
  }

  /**
   * As {@link #begun}; empty also if there is no such process, or nobody but its number is left.
   */
  private static String begun(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"), ISO_8859_1);
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return ENDED.contains(fields[0]) ? "" : fields[START_TIME];
    } catch (IOException e) {
      return "";
    }
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
        section.text("begun", ""),
        section.text("numbering", ""));
  }

  void putInto(ObjectNode json) {
    json.put("host", host).put("pid", pid).put("begun", begun).put("numbering", numbering);
  }

  /** Whether it lives. A process of a machine or container other than this cannot be seen. */
  State state() {
    if (numbering.isEmpty() || begun.isEmpty() || !numbering.equals(ownNumbering())) {
      return State.OUT_OF_SIGHT;
    }
    return begun.equals(begun(pid)) ? State.ALIVE : State.DEAD;
  }

  @Override
  public String toString() {
    return "process %d on %s".formatted(pid, host);
  }
}
