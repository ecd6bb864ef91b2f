// The words of the screen, and how numbers and times are written.

export const AGENT_STATES = {
  signed_out: "未签入",
  unreachable: "话机未连接",
  free: "空闲",
  ringing: "振铃",
  talking: "通话中",
  wrap_up: "话后整理",
  paused: "示忙",
};

export const CALL_STATES = {
  arrived: "接入中",
  queued: "排队",
  offered: "振铃",
  connected: "通话中",
  ended: "已结束",
};

export const PAUSE_REASONS = ["小休", "用餐", "培训", "会议", "其他"];

export const SOURCES = {
  segment: "通话内容",
  caller_id: "来电号码",
  dialled: "被叫号码",
  keys: "来电人按键",
  history: "历史工单",
  agent: "座席填写",
  rule: "规则推定",
};

export const LEGS = { caller: "诉求人", agent: "座席" };

const ENGINE_REASONS = {
  no_recogniser: "没有可用的识别引擎",
  model_missing: "缺少语音模型",
  model_broken: "语音模型损坏",
  engine_unavailable: "识别引擎未就绪",
  decoding_failed: "识别引擎出错，正在恢复",
};

// A reason comes as an error id, perhaps with a detail after a colon.
export function engineReason(reason) {
  const id = reason.split(":")[0];
  return ENGINE_REASONS[id] ?? (reason || "识别引擎未启动");
}

const RECORDING_FAULTS = {
  recording_folder_closed: "录音目录无法写入",
  recording_disk_low: "录音磁盘空间不足",
  recording_missing: "上一通电话录音缺失",
};

const KEEPING_FAULTS = {
  database_away: "数据库不可用，通话照常，内容暂存本机",
  spool_full: "磁盘已满，通话照常，内容暂存内存",
  spool_lost: "磁盘与内存已满，部分内容未能保存",
};
export const keepingFault = (fault) => KEEPING_FAULTS[fault] ?? fault;

export const recordingFault = (fault) => RECORDING_FAULTS[fault] ?? fault;

export const callTranscript = (transcript) =>
  ({
    none: "尚未开始",
    lost: "转写中断",
  })[transcript] ?? (["live", "ended"].includes(transcript) ? "" : transcript);

const ERRORS = {
  unreachable: "无法连接服务器",
  log_in_refused: "工号或密码不正确",
  too_many_attempts: "尝试次数过多，请稍后再试",
  not_logged_in: "登录已过期",
  token_missing: "登录已过期",
  unavailable: "电话系统暂不可用，请稍后再试",
  conflict: "当前状态下不能这样做",
  invalid: "内容不符合要求",
  not_found: "找不到",
  not_your_call: "这通电话不归您处理",
  draft_submitted: "工单已提交，不能再改",
  draft_field_invalid: "不在可选范围内，或过长",
  draft_field_unknown: "工单没有这一项",
  database_away: "数据库暂不可用，请稍后再试",
};

export const errorWords = (error) =>
  ERRORS[error.errorId] ?? (error.status === 503 ? ERRORS.unavailable : `出错了（${error.errorId}）`);

// 11 digits in groups, as they are read out; anything else as it is.
export const phone = (number) =>
  !number
    ? "号码未显示"
    : /^1\d{10}$/.test(number)
      ? `${number.slice(0, 3)} ${number.slice(3, 7)} ${number.slice(7)}`
      : number;

const two = (number) => String(number).padStart(2, "0");

export const clock = (at) => {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
};

export const offset = (ms) => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
};

const LIST_MARK = "、";

export const asText = (value) =>
  value === null || value === undefined
    ? ""
    : Array.isArray(value)
      ? value.join(LIST_MARK)
      : typeof value === "boolean"
        ? value
          ? "是"
          : "否"
        : String(value);

// What an agent wrote, in the form that the field's kind wants; empty is null.
export function fromText(kind, written) {
  const trimmed = written.trim();
  if (!trimmed) return null;
  if (kind === "flag") return trimmed === "是";
  if (kind === "list" || kind === "choices") {
    return trimmed.split(/[、，,；;\n]+/).map((part) => part.trim()).filter(Boolean);
  }
  return trimmed;
}
