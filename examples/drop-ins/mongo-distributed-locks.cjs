// The locks of mongo-distributed-locks: only its name has changed.

const mongoose = require("mongoose");
const DLocks = require("holdfast/mongo-distributed-locks");

const User = mongoose.model("User", new mongoose.Schema({ _id: String, balance: Number }));

async function takeFee({ userId, fee }) {
  const user = await User.findOne({ _id: userId });
  user.balance -= fee;
  return user.save();
}

function takeFeeWithLock(params) {
  return DLocks.exec({
    resource: "createPayment",
    id: params.userId,
    fn: takeFee.bind(null, params),
  });
}

function doWork() {
  const userId = "userId";
  // current user balance is 60
  return Promise.all([takeFeeWithLock({ userId, fee: 10 }), takeFeeWithLock({ userId, fee: 25 })]);
  // current user balance is 25
}

async function manageLockManually() {
  const userId = "userId";
  const lock = await DLocks.lock({
    resource: "user",
    id: userId,
  });

  // current user balance is 60
  try {
    await takeFee({ userId, fee: 10 });
    await takeFee({ userId, fee: 25 });
    // current user balance is 25
  } finally {
    await DLocks.unlock(lock);
  }
}

async function main() {
  await mongoose.connect(process.env.MONGODB_URL ?? "mongodb://localhost:27017/holdfast_examples");
  for (const work of [doWork, manageLockManually]) {
    await User.updateOne({ _id: "userId" }, { balance: 60 }, { upsert: true });
    await work();
    console.log("balance:", (await User.findOne({ _id: "userId" })).balance);
  }
  await User.deleteMany();
  await mongoose.disconnect();
}

void main();

// Prints:
// balance: 25
// balance: 25
